// Makes one function of an app ready: `source` is its text. `weir:run` then takes the arguments,
// the entry's time and two numbers to draw random ones from. Nothing a call leaves behind is there at
// the next, and nothing in it depends on the machine: time is the entry's, in UTC.
(function (source, native) {
  "use strict";
  var now = 0, high = 0, low = 0;
  var RealDate = Date, offset = RealDate.prototype.getTimezoneOffset, keys = Object.keys;

  function draw() {
    low = (low + 0x9E3779B9) | 0;
    high = (high + 0x85EBCA6B + (low >>> 31)) | 0;
    var z = low ^ (high << 7) ^ (high >>> 9);
    z = Math.imul(z ^ (z >>> 16), 0x85EBCA6B);
    z = Math.imul(z ^ (z >>> 13), 0xC2B2AE35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  function parse(text) {
    var time = RealDate.parse(text);
    var zoned = /(Z|GMT|UTC|[+-]\d\d:?\d\d)\s*(\(.*\))?$|^[+-]?\d+(-\d\d(-\d\d)?)?$/.test(text);
    return zoned || time !== time ? time : time - offset.call(new RealDate(time)) * 60000;
  }

  function AppDate(a) {
    var n = arguments.length, date;
    if (n === 0) date = new RealDate(now);
    else if (n === 1) {
      var value = a instanceof RealDate ? a.getTime() : a;
      date = new RealDate(typeof value === "string" ? parse(value) : value);
    } else date = new RealDate(RealDate.UTC.apply(null, arguments));
    return new.target ? date : date.toString();
  }
  AppDate.prototype = RealDate.prototype;
  AppDate.now = function () { return now; };
  AppDate.parse = parse;
  AppDate.UTC = RealDate.UTC;
  var dates = RealDate.prototype;
  dates.constructor = AppDate;
  Object.getOwnPropertyNames(dates).forEach(function (name) {
    var utc = name.replace(/^([gs]et)UTC/, "$1");
    if (utc !== name) dates[utc] = dates[name];
  });
  dates.getYear = function () { return this.getUTCFullYear() - 1900; };
  dates.getTimezoneOffset = function () { return 0; };
  dates.toDateString = function () { return this.toUTCString().slice(0, 16); };
  dates.toString = dates.toLocaleString = dates.toUTCString;
  dates.toLocaleDateString = dates.toDateString;
  dates.toTimeString = dates.toLocaleTimeString = function () {
    return this.toUTCString().slice(17);
  };
  globalThis.Date = AppDate;

  Object.keys(native).forEach(function (name) { Math[name] = native[name]; });
  Math.random = function () { return ((draw() >>> 5) * 67108864 + (draw() >>> 6)) / 9007199254740992; };

  var call = (0, eval)(source);
  Object.getOwnPropertyNames(globalThis).forEach(function (name) {
    var value = globalThis[name];
    var own = Object.getOwnPropertyDescriptor(globalThis, name);
    if (own.configurable) Object.defineProperty(globalThis, name, { writable: false });
    if (typeof value === "function" || (typeof value === "object" && value !== null)) {
      if (value !== globalThis) Object.preventExtensions(value);
      if (value.prototype) Object.preventExtensions(value.prototype);
    }
  });
  Object.freeze(Math);

  var run = function (data, time, a, b) {
    now = time; high = a; low = b;
    try { return call(data); } finally {
      var left = keys(globalThis);
      for (var i = 0; i < left.length; i++) delete globalThis[left[i]];
    }
  };
  Object.defineProperty(globalThis, "weir:run", { value: run });
})
