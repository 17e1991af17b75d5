// What two texts do not have in common, word by word.

const MOST = 4_000_000; // pairs of words that are looked at: some 20 ms

/** Pieces in order: `{ text, side }`, with `side` "both", "a" or "b". Texts too long for that are different as a whole. */
export function difference(a, b) {
  const [one, other] = [words(a), words(b)];
  let from = 0;
  while (from < one.length && from < other.length && one[from] === other[from]) from += 1;
  let tail = 0;
  while (tail < one.length - from && tail < other.length - from && one.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const middle = [one.slice(from, one.length - tail), other.slice(from, other.length - tail)];
  const pieces = [
    { text: one.slice(0, from).join(""), side: "both" },
    ...between(...middle),
    { text: one.slice(one.length - tail).join(""), side: "both" },
  ];
  return pieces.filter((piece) => piece.text);
}

function words(text) {
  return text.match(/[\p{L}\p{N}_]+\s*|[^\s\p{L}\p{N}_]\s*|\s+/gu) ?? [];
}

/** By the longest common subsequence. */
function between(a, b) {
  if (a.length * b.length > MOST)
    return [
      { text: a.join(""), side: "a" },
      { text: b.join(""), side: "b" },
    ];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const found = [];
  const add = (text, side) => (found.at(-1)?.side === side ? (found.at(-1).text += text) : found.push({ text, side }));
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) [add(a[i], "both"), (i += 1), (j += 1)];
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1]))
      [add(a[i], "a"), (i += 1)];
    else [add(b[j], "b"), (j += 1)];
  }
  return found;
}
