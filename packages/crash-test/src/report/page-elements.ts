/// <reference lib="dom" />

export type Content = Node | string;

/** Makes elements from names, attributes and text; nothing here reads markup. */
export interface PageElements {
  readonly element: <Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    attributes?: Readonly<Record<string, string>>,
    ...content: Content[]
  ) => HTMLElementTagNameMap[Name];
  readonly shape: (
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    ...content: Content[]
  ) => SVGElement;
}

/** The page carries the source of this function: nothing in it may refer to anything outside but what browsers have. */
export function pageElements(): PageElements {
  function element<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    attributes: Readonly<Record<string, string>> = {},
    ...content: Content[]
  ): HTMLElementTagNameMap[Name] {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  }
  function shape(
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    ...content: Content[]
  ): SVGElement {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.append(...content);
    return made;
  }
  return { element, shape };
}
