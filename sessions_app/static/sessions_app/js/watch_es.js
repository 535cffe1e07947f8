// The page of those who read along in Spanish: its words come first.

import "./strings_es.js";
import "./watch.js";
