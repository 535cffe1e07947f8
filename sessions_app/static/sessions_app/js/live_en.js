// The live page in English: its words come first.

import "./strings_en.js";
import "./live.js";
