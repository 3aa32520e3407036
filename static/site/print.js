// Shows the file of a batch that was just taken and opens the browser's print dialog with it, once.
// Without this script the same file opens by its link.
(function () {
  "use strict";

  var frame = document.querySelector("iframe[data-print-now]");
  if (!frame) {
    return;
  }
  frame.addEventListener("load", function () {
    // An error has a page of its own, which is read and not printed.
    if (frame.contentDocument && frame.contentDocument.querySelector("main")) {
      return;
    }
    try {
      frame.contentWindow.focus();
      frame.contentWindow.print();
    } catch (error) {
      // A viewer that cannot be told to print has a print button of its own.
    }
  }, { once: true });
  frame.hidden = false;
  frame.src = frame.dataset.printNow;
  // Loading the page once more must not print once more.
  window.history.replaceState(null, "", window.location.pathname);
})();
