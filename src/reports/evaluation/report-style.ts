/** What a report's style sheet adds to that of every page. */
export const reportStyle = `
.confusion table{width:auto;margin:0 auto}
.confusion th,.confusion td{padding:.25rem .4rem;text-align:center;border:0;min-width:2.7rem}
.confusion thead th{color:var(--soft)}
.confusion tbody th{text-align:right;color:var(--soft);max-width:9rem;overflow-wrap:break-word;position:sticky;left:0;background:var(--panel)}
.confusion td{border-radius:.2rem}
.confusion td[title]:hover,.confusion td:has(.cell:hover){outline:2px solid var(--ink)}
.confusion td:has(.cell){padding:0}
.confusion .cell{display:block;width:100%;margin:0;padding:.25rem .4rem;border:0;background:none;color:inherit;font:inherit}
.confusion button.cell{cursor:pointer}
.images{width:min(44rem,94vw);max-height:88vh;padding:0;background:var(--panel);color:var(--ink);border:1px solid var(--line);border-radius:.6rem}
.images::backdrop{background:#0009}
.images>div{padding:1rem}
.images h3{padding-right:4.5rem;overflow-wrap:anywhere}
.images .close{position:absolute;top:.75rem;right:.75rem;padding:.3rem .7rem;background:var(--ground);color:inherit;border:1px solid var(--line);border-radius:.4rem;font:inherit;font-size:.9rem;cursor:pointer}
.images .mistakes{grid-template-columns:repeat(auto-fill,minmax(5.5rem,1fr))}
.upright thead th{vertical-align:bottom}
.upright thead span{display:inline-block;writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem;overflow:hidden;text-align:left}
${[0, 1, 2, 3, 4].map((level) => `.right${level}{background:color-mix(in srgb,var(--s0) ${4 + 9 * level}%,var(--panel))}`).join('')}
${[0, 1, 2, 3, 4].map((level) => `.wrong${level}{background:color-mix(in srgb,var(--s1) ${4 + 9 * level}%,var(--panel))}`).join('')}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem}
td{white-space:nowrap}
.facts td{white-space:normal}
.zero{color:var(--soft)}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:1rem .75rem;margin:.75rem 0 0;padding:0;list-style:none}
.mistakes figure{margin:0}
.mistakes .pair{display:grid;grid-template-columns:1fr 1fr;gap:2px}
.mistakes img{display:block;width:100%;height:auto;border-radius:.2rem}
.mistakes figcaption{margin-top:.25rem;font-size:.85rem;overflow-wrap:anywhere}
.mistakes figcaption span{display:block}
@media (max-width:30rem){section table{font-size:.8rem}section th,section td{padding:.25rem .2rem}.chart{font-size:15px}.confusion table{font-size:.7rem}.confusion th,.confusion td{min-width:1.4rem;padding:.25rem 0}.confusion .cell{padding:.25rem 0}.confusion tbody th{min-width:1rem;max-width:5.5rem;padding-right:.25rem}.upright td{min-width:1.9rem}}
`.trim();
