// Served by `driftloop site --serve` alone: loads the page anew when a run has ended.
"use strict";
let seen;
setInterval(async () => {
  try {
    const now = await (await fetch("revision", { cache: "no-store" })).text();
    if (seen !== undefined && now !== seen) location.reload();
    seen = now;
  } catch { /* the server has stopped */ }
}, 1000);
