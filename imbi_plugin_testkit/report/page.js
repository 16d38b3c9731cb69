'use strict';
// Without this script everything is shown; with it, one can look for things.
const search = document.querySelector('input[type=search]');
const boxes = [...document.querySelectorAll('input[name=outcome]')];
const checks = [...document.querySelectorAll('.check')];
const told = document.querySelector('#told');

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set(boxes.filter(b => b.checked).map(b => b.value));
  let shown = 0;
  for (const check of checks) {
    const text = check.textContent.toLowerCase();
    check.hidden = !wanted.has(check.dataset.outcome)
      || !words.every(word => text.includes(word));
    shown += !check.hidden;
  }
  for (const section of document.querySelectorAll('section.family')) {
    section.hidden = !section.querySelector('.check:not([hidden])');
  }
  told.textContent = `${shown} of ${checks.length} checks shown`;
}

document.querySelector('.controls').hidden = false;
search.addEventListener('input', filter);
for (const box of boxes) box.addEventListener('change', filter);
filter();

// The steps of a failing script, one by one.
for (const player of document.querySelectorAll('.player')) {
  const steps = [...player.parentElement.querySelectorAll('.steps li')];
  const place = player.querySelector('.place');
  let now = -1;
  function show(number) {
    now = Math.max(-1, Math.min(steps.length - 1, number));
    player.parentElement.classList.toggle('stepping', now >= 0);
    steps.forEach((step, index) => {
      step.classList.toggle('past', index < now);
      step.classList.toggle('now', index === now);
      if (index === now) step.setAttribute('aria-current', 'step');
      else step.removeAttribute('aria-current');
    });
    place.textContent = now < 0 ? 'all steps'
      : `step ${now + 1} of ${steps.length}`;
  }
  player.hidden = false;
  player.addEventListener('click', event => {
    const act = event.target.dataset.act;
    if (act) show({first: 0, back: now - 1, on: now + 1, all: -1}[act]);
  });
  player.addEventListener('keydown', event => {
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (way) { event.preventDefault(); show(now + way); }
  });
}
