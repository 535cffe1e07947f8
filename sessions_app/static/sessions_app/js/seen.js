// Whether anything of a text can be seen: spaces, controls and blank letters are nothing.

const SEEN = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\p{DI}\u2800\u{1d159}]/u;

export function isSeen(text) {
  return SEEN.test(text);
}
