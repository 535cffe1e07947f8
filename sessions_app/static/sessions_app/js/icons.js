// Signs on buttons, drawn; what they mean stands beside them in words.

const SVG = "http://www.w3.org/2000/svg";

export const microphone = () => drawn("M12 15a4 4 0 0 0 4-4V6a4 4 0 0 0-8 0v5a4 4 0 0 0 4 4zm7-4h-2a5 5 0 0 1-10 0H5a7 7 0 0 0 6 6.9V22h2v-4.1A7 7 0 0 0 19 11z");
export const upAndDown = () => drawn("M8 3 3 8h4v13h2V8h4zM16 21l5-5h-4V3h-2v13h-4z");
export const turned = () => drawn("M12 4V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-8z");
export const cross = () => drawn("m19 6.4-1.4-1.4-5.6 5.6L6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6z");

function drawn(path) {
  const image = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: "24", height: "24", "aria-hidden": "true" })) image.setAttribute(name, value);
  for (const [name, value] of Object.entries({ d: path, fill: "currentColor" })) line.setAttribute(name, value);
  image.append(line);
  return image;
}
