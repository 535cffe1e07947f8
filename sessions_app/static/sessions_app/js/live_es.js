// The live page in Spanish: its words come first.

import "./strings_es.js";
import "./live.js";
