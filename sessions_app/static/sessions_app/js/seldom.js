// What few pages need is loaded when it is first asked for: the view face to face.

const FACES = new URL("./faces.js", import.meta.url);

export class Seldom {
  faces = null;
  #makeFaces;
  #tries = 0;

  // `makeFaces(Faces)` returns the view.
  constructor(makeFaces) {
    this.#makeFaces = makeFaces;
  }

  // Returns whether it is here. Browsers remember that an address gave no module: each try has one of its own.
  async loadFaces() {
    if (this.faces) return true;
    this.#tries += 1;
    try {
      const { Faces } = await import(`${FACES}#${this.#tries}`);
      this.faces ??= this.#makeFaces(Faces);
    } catch {
      // the server cannot be reached
    }
    return Boolean(this.faces);
  }
}
