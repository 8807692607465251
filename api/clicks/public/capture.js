// Keeps the id of the affiliate's click on the operator's own site, for 90 days: <script src="https://…/capture.js" async></script> on every page.
//
// It takes click_id from the page's address, keeps it in a cookie of the site (postrider_click_id, for all its subdomains) and in local storage
// (which outlives a cookie that was cleared, and is outlived by it), writes it into every input named click_id or marked data-postrider, also
// those added later, and tells the back end once that the click arrived. The site's own code reads window.postrider.click_id.
// With first_click_days in the address an earlier click that is no older than that is kept.
//
// Lines of comments and the spaces before a line are taken out before it is served; there is no other build. It must stay below 2 KB then.
(function (w, d) {
  var NAME = 'postrider_click_id';
  var DAY = 864e5;
  var me = (d.currentScript || {}).src || '';
  var query = new URLSearchParams(location.search);
  var given = query.get('click_id');
  var now = Date.now();
  var stored = read();
  var id = given || stored.id;

  // The moment it was kept, and the id; without one of the two places the other still knows.
  function read() {
    try {
      var local = localStorage.getItem(NAME).split(' ');
      if (now - local[0] < 90 * DAY) return { id: decodeURIComponent(local[1]), at: +local[0] };
    } catch (e) {}
    try {
      return { id: decodeURIComponent(d.cookie.match('(?:^|; )' + NAME + '=([^;]*)')[1]), at: now };
    } catch (e) {}
    return { at: now };
  }

  // The widest domain that the browser takes is the one that all pages of the site share.
  function keep(at) {
    try {
      localStorage.setItem(NAME, at + ' ' + encodeURIComponent(id));
    } catch (e) {}
    var parts = location.hostname.split('.');
    var value = NAME + '=' + encodeURIComponent(id);
    var rest = ';path=/;samesite=lax;max-age=' + Math.ceil((at - now + 90 * DAY) / 1e3);
    if (location.protocol == 'https:') rest += ';secure';
    for (var n = 2; n <= parts.length; n++) {
      d.cookie = value + rest + ';domain=' + parts.slice(-n).join('.');
      if (d.cookie.indexOf(value) >= 0) return;
    }
    d.cookie = value + rest;
  }

  function fill() {
    d.querySelectorAll('input[name=click_id],input[data-postrider]').forEach(function (input) {
      if (input.value != id) input.value = id;
    });
  }

  if (given && given != stored.id) {
    if (me) navigator.sendBeacon(new URL('c/' + encodeURIComponent(given) + '/seen', me));
    if (stored.id && now - stored.at < query.get('first_click_days') * DAY) id = stored.id;
    else stored.at = now;
  }
  w.postrider = { click_id: id || null, fill: fill };
  if (!id) return;
  keep(stored.at);
  fill();
  new MutationObserver(fill).observe(d, { childList: true, subtree: true });
})(window, document);
