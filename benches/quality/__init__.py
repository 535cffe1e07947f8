"""How well and how soon a real model transcribes real people's speech."""
