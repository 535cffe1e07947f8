// One recording's page in English.

import { use } from "./strings.js";

export const english = {
  "button.play": "Play",
  "button.pause": "Pause",
  "button.save": "Save",
  "button.leave": "Leave it as it was",
  "problem.sound": "The sound cannot be played here. Download it and try another player.",
  "problem.elsewhere": "Its sound lies with another server process than the one that answered. Try again, or later if it does not run now.",
  "problem.socket": "The connection to the server broke. What was heard until then is kept under History.",
  "problem.save": "It was not saved: {reason}",
  "problem.network": "the server cannot be reached.",
  "through.connecting": "Connecting…",
  "through.finished": "All of it was played.",
  "through.stopped": "Stopped.",
  "through.failed": "It could not be played on.",
  "truth.transcript": "What was really said",
  "truth.translation": "What it means",
  "truth.original": "Original: {text}",
};

use(english);
