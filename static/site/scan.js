// The scan desk by keyboard alone: keys, sounds, focus where the next input goes, and printing. Without it plain forms do.
(() => {
  const desk = document.querySelector("[data-scan]");
  if (!desk) return;
  const field = document.getElementById("scan-number");
  // No weight and no side has four digits before the point, and every number that is scanned has four or more.
  const MEASURE = /^(\d{1,3}([.,]\d{0,4})?\s*(kg|kgs|lb|lbs|cm|in)?|.{0,3})$/i;
  const DIGIT_ALONE_MS = 300;
  const TONES = { stop: [[220, 0, 0.18], [165, 0.22, 0.3]], ask: [[440, 0, 0.12], [440, 0.2, 0.12]], good: [[880, 0, 0.09]] };
  let sound = null;
  let isNextScanned = false;
  let sent = null;

  const beep = (kind) => {
    if (!TONES[kind] || !window.AudioContext) return;
    sound = sound || new AudioContext();
    sound.resume().catch(() => {});
    for (const [hertz, after, seconds] of TONES[kind]) {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      tone.type = kind === "good" ? "sine" : "square";
      tone.frequency.value = hertz;
      volume.gain.value = 0.15;
      tone.connect(volume).connect(sound.destination);
      tone.start(sound.currentTime + after);
      tone.stop(sound.currentTime + after + seconds);
    }
  };

  // A wrong field, else the first empty weight, else the first weight of parcels to be packed; else the next number.
  const focus = () => {
    const form = desk.querySelector("[data-pack]");
    const weights = form ? [...form.querySelectorAll("[name$=-weight]")] : [];
    const next = form && (form.querySelector(".is-invalid") || weights.find((one) => !one.value) || weights[0]);
    if (next) {
      next.focus();
      next.select();
    } else {
      field.focus();
    }
  };

  // What was scanned while the label was awaited is looked up once the label is on its way to the printer.
  const goOn = () => {
    if (isNextScanned && field.value) field.form.requestSubmit();
    isNextScanned = false;
  };

  const print = (frame) => {
    frame.addEventListener("load", () => {
      // An error has a page of its own, which is read and not printed.
      if (frame.contentDocument && frame.contentDocument.querySelector("main")) {
        window.location.assign(frame.src);
        return;
      }
      try {
        frame.contentWindow.focus();
        frame.contentWindow.print();
      } catch (error) {
        // A viewer that cannot be told to print: the link beside it opens the label.
      }
      field.focus();
      goOn();
    }, { once: true });
    frame.hidden = false;
    frame.src = frame.dataset.printFile;
    window.history.replaceState(null, "", window.location.pathname);
  };

  const show = () => {
    const wrong = desk.querySelector(".is-invalid") || document.querySelector(".frame-content > .notice-stop[role=alert]");
    const said = desk.querySelector("[data-sound]");
    const first = desk.querySelector("form[data-print-first]");
    const frame = desk.querySelector("iframe[data-print-file]");
    beep(wrong ? "stop" : said && said.dataset.sound);
    focus();
    if (first && sent !== first.action) {
      sent = first.action;
      first.requestSubmit();
    } else if (frame) {
      print(frame);
    } else if (!desk.querySelector("[data-wait]")) {
      goOn();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const target = desk.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    target.click();
  });

  // Enter in a weight goes on to the next parcel that has none; a number scanned into it is the next delivery.
  desk.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-pack] input")) return;
    const typed = event.target.value.trim();
    if (!MEASURE.test(typed)) {
      event.preventDefault();
      event.target.value = event.target.defaultValue;
      field.value = typed;
      field.form.requestSubmit();
      return;
    }
    const weights = [...desk.querySelectorAll("[data-pack] [name$=-weight]")];
    const next = weights.slice(weights.indexOf(event.target) + 1).find((one) => !one.value);
    if (!event.target.name.endsWith("-weight") || !typed || !next) return;
    event.preventDefault();
    next.focus();
  });

  desk.addEventListener("submit", (event) => {
    if (event.target === field.form && desk.querySelector("[data-wait] .scan-say-work, form[data-print-first]")) {
      event.preventDefault();
      isNextScanned = true;
    }
    if (event.target.matches("[data-pack]")) {
      if (event.target.dataset.sent) event.preventDefault();
      event.target.dataset.sent = "1";
    }
  });
  // The browser's way back shows the form as it was sent.
  window.addEventListener("pageshow", () => {
    for (const form of desk.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // One digit and then nothing: a person chose. More digits: a number was scanned.
  field.addEventListener("input", () => {
    const typed = field.value;
    if (!field.form.querySelector("[name=among]") || !/^[1-9]$/.test(typed)) return;
    setTimeout(() => { if (field.value === typed) field.form.requestSubmit(); }, DIGIT_ALONE_MS);
  });

  // Who prints too much at once is told so on a page of its own; nothing was marked.
  desk.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 429) event.target.closest("form").submit();
  });

  // Not before htmx has taken up the forms that came: else they would load the whole page and lose what is typed.
  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("DOMContentLoaded", show);
  focus();
})();
