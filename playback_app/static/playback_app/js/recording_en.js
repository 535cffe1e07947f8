// The page of a recording in English: the words come first.

import "../../sessions_app/js/strings_en.js";
import "./strings_en.js";
import "./recording.js";
