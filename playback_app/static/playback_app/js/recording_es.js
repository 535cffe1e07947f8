// The page of a recording in Spanish: the words come first.

import "../../sessions_app/js/strings_es.js";
import "./strings_es.js";
import "./recording.js";
