// How long to wait before the next try: longer each time, and never the same for two pages.

const FIRST_SECONDS = 0.5;
const LONGEST_SECONDS = 15;

export function pauseSeconds(attempt, { longest = LONGEST_SECONDS, random = Math.random } = {}) {
  const most = Math.min(longest, FIRST_SECONDS * 2 ** attempt);
  return most * (0.5 + random() / 2);
}
