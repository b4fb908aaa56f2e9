/** The whole style of the page. Colours are of a palette whose neighbours people with any colour vision tell apart; shapes differ as well. */
export const pageStyle = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1d21; --dim: #62666e; --rule: #dfe1e6; --one: #8a8f98;
  --good: #1f6fd1; --bad: #c2410c; --c0: #1f6fd1; --c1: #b45309; --c2: #0f766e; --c3: #9333ea; }
@media (prefers-color-scheme: dark) { :root { --ground: #15171b; --ink: #e6e8ec; --dim: #9aa0aa; --rule: #2d3139; --one: #757b86;
  --good: #6aa9ff; --bad: #fb923c; --c0: #6aa9ff; --c1: #fbbf24; --c2: #2dd4bf; --c3: #c084fc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 1400px; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
a { color: var(--good); } nav a { margin-right: 1rem; } p { margin: .3rem 0; } .note, .unit, dt { color: var(--dim); font-size: .85em; font-weight: 400; margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--rule); }
thead th { color: var(--dim); font-weight: 500; vertical-align: bottom; } tbody th { font-weight: 600; max-width: 22rem; } td.number { font-variant-numeric: tabular-nums; font-weight: 600; }
tr.missed td.number, tr.missed td:last-child { color: var(--bad); font-weight: 700; } td.chart { padding-top: .45rem; }
svg { display: block; overflow: visible; } svg text { fill: var(--dim); font-size: 11px; } svg text.name { fill: var(--ink); }
.grid { stroke: var(--rule); } .even { stroke: var(--one); stroke-dasharray: 3 2; } .bar { stroke: var(--ink); stroke-width: 2; }
.spread { stroke: var(--good); stroke-width: 3; opacity: .45; } .mark { fill: var(--good); } tr.missed .mark { fill: var(--bad); } tr.missed .spread { stroke: var(--bad); }
.curves { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; } figcaption { font-weight: 600; }
.line { fill: none; stroke-width: 2; } .c0 .mark { fill: var(--c0); } .c0 .line { stroke: var(--c0); } .c1 .mark { fill: var(--c1); } .c1 .line { stroke: var(--c1); }
.c2 .mark { fill: var(--c2); } .c2 .line { stroke: var(--c2); } .c3 .mark { fill: var(--c3); } .c3 .line { stroke: var(--c3); }
`;
