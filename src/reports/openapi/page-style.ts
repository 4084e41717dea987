/** What the documentation page's style sheet adds to that of every page. */
export const openApiStyle = `
code,pre,textarea{font:.9rem/1.45 ui-monospace,monospace}
.operation{margin:0;border-top:1px solid var(--line)}
.operation:first-of-type{border-top:0}
.operation summary{padding:.5rem 0;overflow-wrap:anywhere}
.operation>div{padding:0 0 1rem}
.method{display:inline-block;min-width:4.2rem;margin-right:.35rem;padding:.05rem .4rem;border:1px solid currentColor;border-radius:.3rem;font-size:.8rem;font-weight:600;text-align:center;color:var(--s0)}
.method.post{color:var(--s2)}
.method.put{color:var(--s1)}
.method.delete{color:var(--alert)}
.operation th,.operation td{text-align:left;vertical-align:top}
.request{display:grid;grid-template-columns:minmax(0,1fr);gap:.6rem;margin-top:.75rem}
.request label{display:block}
.request textarea{display:block;width:100%;margin-top:.25rem}
input,textarea,.request button{padding:.35rem .6rem;background:var(--ground);color:var(--ink);border:1px solid var(--soft);border-radius:.4rem;font-size:.9rem;max-width:100%}
.token input{width:22rem}
.request button{justify-self:start;background:var(--s0);color:var(--panel);border-color:var(--s0);font:inherit;cursor:pointer}
.request pre{margin:0;padding:.6rem .8rem;max-height:24rem;overflow:auto;background:var(--ground);border:1px solid var(--line);border-radius:.4rem;white-space:pre-wrap;overflow-wrap:anywhere}
@media (max-width:30rem){.operation table{font-size:.8rem}}
`.trim();
