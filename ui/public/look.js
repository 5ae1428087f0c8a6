// Runs before the first paint, which the console's modules are too late for: a page that begins white and turns dark hurts the eye.
// Reads the copy of the choices that `src/app/preferences.ts` keeps for this.
(function () {
  var chosen = {};
  try {
    chosen = JSON.parse(localStorage.getItem('quarterdeck.preferences') || '{}') || {};
  } catch (_) {
    // A damaged copy is the same as none.
  }
  var system = window.matchMedia('(prefers-color-scheme: dark)').matches;
  var dark = chosen.theme === 'dark' || (chosen.theme !== 'light' && system);
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
  if (dark) document.body.classList.add('awsui-dark-mode');
  if (chosen.density === 'compact') document.body.classList.add('awsui-compact-mode');
})();
