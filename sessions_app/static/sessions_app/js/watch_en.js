// The page of those who read along in English: its words come first.

import "./strings_en.js";
import "./watch.js";
