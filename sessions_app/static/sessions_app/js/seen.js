// Whether anything of a text can be seen: spaces, controls and blank letters are nothing.

const SEEN = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\u115f\u1160\u2800\u3164\uffa0]/u;

export function isSeen(text) {
  return SEEN.test(text);
}
