/**
 * The style of the page. Fates differ in shape as well as in colour; the colours are those of Okabe and Ito, which people
 * with any common kind of colour blindness can tell apart.
 */
export const pageStyle: string = `
:root {
  --ink: #1c2330; --soft: #5a6475; --faint: #98a1b0; --line: #d9dee6; --paper: #f6f7f9; --card: #ffffff; --band: #eef1f5;
  --durable: #0072b2; --kept: #b87700; --lost: #c84400; --accent: #0072b2; --good: #00785a; --focus: #7a3ea8;
  --mono: ui-monospace, "SFMono-Regular", "Cascadia Mono", "DejaVu Sans Mono", Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ef; --soft: #a5aebd; --faint: #6d7789; --line: #333b49; --paper: #12161d; --card: #1a2029; --band: #232b37;
    --durable: #56b4e9; --kept: #e69f00; --lost: #ff7a45; --accent: #56b4e9; --good: #35c79d; --focus: #cc9cf0;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 0 0 .6rem; }
p { margin: 0; }
.masthead { display: flex; gap: 1rem; align-items: center; padding: 1.1rem 1.5rem; }
.masthead .counts { color: var(--soft); }
.verdict { font-weight: 700; letter-spacing: .05em; text-transform: uppercase; font-size: .85rem; padding: .45rem .8rem; border-radius: .5rem; color: #fff; background: var(--soft); }
.verdict.failed { background: #b23c00; } .verdict.passed { background: #00694f; } .verdict.incomplete { background: #7a5200; }
main { padding: 0 1.5rem 2rem; display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
.card, .failure-text { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem; margin: 0; }
.failure-text { border-left: 5px solid var(--lost); font: 13px/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 22rem; overflow: auto; }
.note { color: var(--soft); }
.controls { position: sticky; top: 0; z-index: 3; display: grid; grid-template-columns: minmax(0, 1fr); gap: .7rem; box-shadow: 0 6px 14px -10px rgb(0 0 0 / 45%); }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; }
.row > .name { color: var(--soft); min-width: 6.5rem; }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
legend { float: left; color: var(--soft); min-width: 6.5rem; margin-right: 1.2rem; padding: 0; }
.pick { position: relative; }
.pick input { position: absolute; opacity: 0; inset: 0; z-index: 1; margin: 0; cursor: pointer; }
.pick span { display: inline-block; padding: .18rem .75rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--paper); }
.pick input:checked + span { background: var(--ink); color: var(--card); border-color: var(--ink); }
.pick small { opacity: .75; margin-left: .35rem; }
button, select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .6rem; cursor: pointer; }
select { flex: 1 1 20rem; min-width: 0; max-width: 60rem; }
button:disabled { opacity: .4; cursor: default; }
input[type=range] { flex: 1 1 14rem; max-width: 40rem; accent-color: var(--lost); }
.moment { flex: 1 1 100%; font: 13px/1.5 var(--mono); overflow-wrap: anywhere; }
:focus-visible, .pick input:focus-visible + span { outline: 3px solid var(--focus); outline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; color: var(--soft); font-size: .85rem; margin: .7rem 0 0; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: .35rem; }
.lanes { display: grid; grid-template-columns: 15rem max-content; border: 1px solid var(--line); border-radius: .4rem; overflow: auto; max-height: 38rem; }
.labels { position: sticky; left: 0; z-index: 1; border-right: 1px solid var(--line); background: var(--card); }
.labels div { display: flex; flex-direction: column; justify-content: center; padding: 0 .7rem; border-top: 1px solid var(--line); font: 12.5px/1.25 var(--mono); overflow: hidden; }
.labels div:first-child { border-top: 0; }
.labels b, .labels small { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.labels small { color: var(--soft); font-weight: 400; font-size: 11px; }
#disk { overflow-x: auto; }
svg text.lane-name { display: none; }
svg { display: block; }
svg text { font: 10px var(--mono); fill: var(--soft); }
.band { fill: var(--band); } .lane-line { stroke: var(--line); } .call { fill: var(--band); stroke: var(--line); } svg text.call-name { fill: var(--ink); }
.barrier-line { stroke: var(--faint); stroke-width: 2; } .barrier-line.failed, .barrier-line.dropped { stroke: var(--lost); stroke-dasharray: 3 4; }
.diamond { fill: var(--ink); } .diamond.failed, .diamond.dropped { fill: var(--card); stroke: var(--lost); stroke-width: 2; }
.flag { fill: var(--good); } .event { fill: var(--faint); }
.symbol { cursor: pointer; outline: none; } .symbol .ring { fill: none; stroke: none; } .symbol:focus-visible .ring, .symbol.picked .ring { stroke: var(--focus); stroke-width: 2.5; }
.durable .shape { fill: var(--durable); } .durable .tick { fill: none; stroke: var(--card); stroke-width: 2; }
.kept .shape, .torn .shape { fill: var(--card); stroke: var(--kept); stroke-width: 2; } .kept .half { fill: var(--kept); }
.torn .shape { stroke-dasharray: 3 2; } .torn .half { fill: var(--kept); } .torn .cross { stroke: var(--lost); stroke-width: 2.5; }
.lost .shape { fill: var(--card); stroke: var(--lost); stroke-width: 2; } .lost .cross, .gone .cross { stroke: var(--lost); stroke-width: 3; stroke-linecap: round; }
.gone .shape { fill: var(--card); stroke: var(--lost); stroke-width: 2; } .future .shape { fill: none; stroke: var(--faint); stroke-width: 1.5; stroke-dasharray: 2 2; }
svg .future text { fill: var(--faint); } svg .lost text { fill: var(--lost); font-weight: 700; }
.after { fill: var(--paper); opacity: .55; pointer-events: none; } .crash { stroke: var(--lost); stroke-width: 3; } .bolt { fill: var(--lost); }
.columns { display: grid; gap: 1rem; grid-template-columns: minmax(16rem, 2fr) minmax(20rem, 3fr); align-items: start; }
@media (max-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr); } .controls { position: static; } .lanes { grid-template-columns: 8rem max-content; } }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--soft); font-weight: 500; padding: .15rem .6rem .3rem 0; }
td { border-top: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td code, td pre { font: 12px/1.5 var(--mono); margin: 0; } td pre { white-space: pre; overflow-x: auto; max-width: 44rem; }
td pre i { font-style: normal; color: var(--soft); }
.mark { display: inline-block; border: 1px solid currentcolor; border-radius: .3rem; padding: 0 .35rem; font-size: .78rem; white-space: nowrap; margin: 0 .3rem .2rem 0; }
.mark.differs { color: var(--kept); } .mark.missing, .mark.zeros { color: var(--lost); } .mark.extra { color: var(--durable); }
tr.missing td:first-child code { text-decoration: line-through; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .25rem .9rem; margin: .6rem 0 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
dd.code { font: 13px/1.5 var(--mono); }
summary { cursor: pointer; color: var(--soft); } .case { font: 12.5px/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; margin: .6rem 0; }
.headline { font-weight: 600; overflow-wrap: anywhere; }
@media print {
  details { display: none; }
  body { background: #fff; } .controls { position: static; box-shadow: none; } button, input[type=range] { display: none; } select { border: 0; appearance: none; }
  .lanes { display: block; max-height: none; border: 0; } .lanes svg { max-width: 70%; height: auto; overflow: visible; } .labels { display: none; }
  svg text.lane-name { display: block; font-weight: 700; }
  .card, .failure-text { break-inside: avoid; max-height: none; } .columns { grid-template-columns: 1fr; }
}
`;
