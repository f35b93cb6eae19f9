// What a visitor of a page would stumble over, as sentences; tests/hostile.py evaluates it in the page.
() => {
  const said = [];
  const wide = document.documentElement.clientWidth;
  const where = it => it.tagName.toLowerCase() + (it.id ? '#' + it.id : '') + (it.getAttribute('class') ? '.' + it.getAttribute('class') : '');
  const style = it => getComputedStyle(it);
  const isClipped = it => {
    for (; it && it !== document.documentElement; it = it.parentElement) if (style(it).overflowX !== 'visible') return true;
    return false;
  };
  for (const it of document.querySelectorAll('*')) {
    for (const {name, value} of it.attributes) {
      if (/^on/i.test(name) || name === 'srcdoc') said.push(`${where(it)} has ${name}`);
      if (!/^(href|src|action|formaction|xlink:href|data)$/i.test(name)) continue;
      if (/^\s*(javascript|vbscript|data:text)/i.test(value)) said.push(`${where(it)} runs ${value.slice(0, 40)}`);
      if (URL.canParse(value, document.baseURI) && new URL(value, document.baseURI).host.includes('hostile')) said.push(`${where(it)} leads away`);
    }
    const box = it.getBoundingClientRect();
    if (it.closest('svg') || !it.clientWidth || style(it).visibility === 'hidden' || box.width <= 1) continue;
    const outside = it.scrollWidth - it.clientWidth;
    if (outside > 1 && style(it).overflowX === 'visible' && !isClipped(it.parentElement)) said.push(`${where(it)}: ${outside} px stand outside of it`);
    if (box.right > wide + 1 && !isClipped(it.parentElement)) said.push(`${where(it)} ends ${Math.round(box.right - wide)} px beyond the page`);
  }
  for (const it of document.querySelectorAll('svg text')) {
    const box = it.getBoundingClientRect();
    const frame = it.ownerSVGElement.getBoundingClientRect();
    if (box.width && (box.right > frame.right + 2 || box.left < frame.left - 2)) said.push(`cut label: ${it.textContent.slice(0, 60)}`);
  }
  if (document.documentElement.scrollWidth > wide) said.push('the page scrolls sideways');
  return said;
}
