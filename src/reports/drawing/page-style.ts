/** The style sheet of a page: one column on a phone, several on a desk, light or dark as the reader's system is. */
export const pageStyle = `
:root{color-scheme:light dark;--ground:#fbfbf9;--panel:#fff;--ink:#1c1d21;--soft:#585b64;--line:#dcdcd6;--s0:#2f6fb5;--s1:#b86a14;--s2:#5b7f2b;--alert:#9a3412}
@media (prefers-color-scheme:dark){:root{--ground:#15161a;--panel:#1e2026;--ink:#eceef2;--soft:#a6abb8;--line:#363a44;--s0:#6aa7ea;--s1:#e0a45a;--s2:#9cc46a;--alert:#fdba74}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:72rem;margin:auto;padding:1rem clamp(1rem,4vw,2rem)}
header{padding-top:2rem}
h1{font-size:clamp(1.6rem,5vw,2.2rem);line-height:1.2;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:0 0 .75rem}
h3{font-size:1rem;margin:0}
p{margin:.25rem 0;max-width:70ch}
.soft,figcaption,footer{color:var(--soft);font-size:.9rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.75rem;margin:1rem 0 0;padding:0}
.tiles div,section{background:var(--panel);border:1px solid var(--line);border-radius:.6rem}
.tiles div{padding:.6rem .8rem}
.tiles dt{color:var(--soft);font-size:.85rem}
.tiles dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem;align-items:start}
section{padding:1rem;min-width:0}
.wide{grid-column:1/-1}
.chart{display:block;width:100%;height:auto;max-width:36rem;font:12px system-ui,sans-serif}
.chart text{fill:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0 0;padding:0;font-size:.9rem}
.key{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem;border-radius:.15rem;vertical-align:-.05rem}
.line-key{height:.2rem;vertical-align:.2rem}
img{image-rendering:pixelated;max-width:100%;background:#000}
.samples{display:grid;grid-template-columns:minmax(3rem,max-content) 1fr;gap:.35rem .75rem;align-items:center;margin:0}
.samples dt{overflow-wrap:anywhere;font-weight:600;max-width:9rem}
.samples dd{margin:0;min-width:0}
.samples img{display:block;width:100%;height:auto;border-radius:.25rem}
.means{display:grid;grid-template-columns:repeat(auto-fill,minmax(4.5rem,1fr));gap:.6rem;margin:.6rem 0 0;padding:0;list-style:none;text-align:center;font-size:.85rem}
.means img{display:block;width:100%;height:auto;border-radius:.25rem;margin-bottom:.15rem}
.means span{display:block;overflow-wrap:anywhere}
.findings{list-style:none;margin:0;padding:0;display:grid;gap:.75rem}
.findings li{border-top:1px solid var(--line);padding-top:.75rem}
.findings li:first-child{border-top:0;padding-top:0}
.count{font-variant-numeric:tabular-nums;color:var(--soft)}
.some .count{color:var(--alert);font-weight:600}
.groups{display:flex;flex-wrap:wrap;gap:.5rem 1rem;margin:.4rem 0 0}
.groups figure{margin:0}
.groups img{width:3rem;height:auto;margin-right:2px;border-radius:.2rem;vertical-align:bottom}
.groups figcaption{font-size:.8rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;padding-left:0}
th{font-weight:600}
.facts td,.facts th{text-align:left;vertical-align:top;overflow-wrap:anywhere}
@media (max-width:30rem){.samples{grid-template-columns:1fr;gap:.1rem}.samples dd{margin-bottom:.5rem}.means{grid-template-columns:repeat(auto-fill,minmax(3.6rem,1fr))}}
.facts th{white-space:nowrap}
.scroll{overflow-x:auto}
details{margin-top:.75rem}
summary{cursor:pointer;padding:.25rem 0}
a,summary{color:inherit}
.scripted:not(.is-scripted *){display:none}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem}
:focus-visible{outline:2px solid var(--s0);outline-offset:2px}
.plot{max-width:36rem;border-radius:.3rem;touch-action:pan-y}
.tip{position:absolute;z-index:1;display:grid;gap:.1rem;max-width:min(20rem,96vw);padding:.35rem .6rem;background:var(--panel);color:var(--ink);border:1px solid var(--line);border-radius:.4rem;box-shadow:0 2px 8px #0004;font-size:.85rem;line-height:1.4;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;pointer-events:none}
.tip[hidden]{display:none}
.tip b{font-weight:600}
@media print{section{break-inside:avoid}.tip{display:none}}
`.trim();
