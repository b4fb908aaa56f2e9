/** Damage that is told one by one; of more, the number. */
const mostDamage = 16;

/** Sentences about damage, of which there may be any number. */
export class DamageList {
  readonly #sentences: string[] = [];
  #count = 0;

  add(sentence: string): void {
    this.#count += 1;
    if (this.#sentences.length < mostDamage) this.#sentences.push(sentence);
  }

  sentences(): readonly string[] {
    const more = this.#count - this.#sentences.length;
    return more === 0 ? this.#sentences : [...this.#sentences, `and ${more} more`];
  }
}
