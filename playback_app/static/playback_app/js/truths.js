// What was really said, written beside the original with the keyboard.

import { make } from "../../sessions_app/js/elements.js";
import { growing } from "../../sessions_app/js/growing.js";
import { say } from "./strings.js";

const FIELDS = ["transcript", "translation"];

export class Truths {
  #list;
  #address;
  #maximum;

  constructor(list, { api, maximum }) {
    this.#list = list;
    this.#address = `${api}/ground_truth`;
    this.#maximum = maximum;
  }

  bind() {
    this.#list.addEventListener("click", ({ target }) => {
      const truth = target.closest("[data-edit]")?.closest("[data-truth]");
      if (truth) this.#edit(truth);
    });
  }

  #edit(truth) {
    const form = this.#form(truth);
    truth.querySelector("[data-edit]").hidden = true;
    truth.append(form);
    form.querySelectorAll("textarea").forEach((field) => growing(field)());
    form.querySelector("textarea").focus();
  }

  #form(truth) {
    const fields = FIELDS.map((name) => this.#field(truth, name));
    const save = make("button", { class: "button primary", type: "submit" }, say("button.save"));
    const leave = make("button", { class: "button", type: "button" }, say("button.leave"));
    const problem = make("p", { class: "errorlist", role: "alert" });
    const form = make("form", { class: "editor" }, ...fields, problem, make("div", { class: "row" }, save, leave));
    leave.addEventListener("click", () => this.#close(truth));
    form.addEventListener("submit", (event) => this.#submit(event, truth));
    form.addEventListener("keydown", (event) => this.#press(event, truth, form));
    return form;
  }

  #field(truth, name) {
    const id = `${name}-${truth.dataset.segment ?? "whole"}`;
    const written = truth.querySelector(`[data-true=${name}]`);
    const original = originalOf(truth, name);
    const lang = written.lang ? { lang: written.lang } : {};
    const area = make("textarea", { id, name, rows: "2", maxlength: this.#maximum, ...lang });
    area.value = Number(truth.dataset.version) ? written.textContent : original;
    const label = make("label", { for: id }, say(`truth.${name}`));
    const hint = original ? [make("span", { class: "helptext", ...lang }, say("truth.original", { text: original }))] : [];
    return make("div", { class: "field" }, label, area, ...hint);
  }

  #press(event, truth, form) {
    if (event.key === "Escape") this.#close(truth);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    else return;
    event.preventDefault();
  }

  #close(truth) {
    truth.querySelector("form").remove();
    const button = truth.querySelector("[data-edit]");
    button.hidden = false;
    button.focus();
  }

  async #submit(event, truth) {
    event.preventDefault();
    const form = event.currentTarget;
    const save = form.querySelector("[type=submit]");
    save.disabled = true;
    try {
      this.#show(truth, await this.#put(truth, form));
      this.#close(truth);
      this.#goOn(truth);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      form.querySelector("[role=alert]").textContent = say("problem.save", { reason: error.message });
    } finally {
      save.disabled = false;
    }
  }

  async #put(truth, form) {
    const { segment, version } = truth.dataset;
    const body = { segment_id: segment ? Number(segment) : null, version: Number(version) };
    FIELDS.forEach((name) => (body[name] = form.elements[name].value));
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
    const answer = await fetch(this.#address, { method: "PUT", headers, body: JSON.stringify(body) }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (!answer?.ok) throw new RefusedError(said?.message ?? say("problem.network"));
    return said;
  }

  #show(truth, said) {
    truth.dataset.version = said.version;
    for (const name of FIELDS) {
      const written = truth.querySelector(`[data-true=${name}]`);
      written.textContent = said[name];
      written.parentElement.hidden = name === "translation" && !said[name];
    }
  }

  #goOn(truth) {
    const all = [...this.#list.querySelectorAll("[data-truth]")];
    const next = all[all.indexOf(truth) + 1];
    if (next && !next.querySelector("form")) this.#edit(next);
    next?.querySelector("textarea").focus();
  }
}

class RefusedError extends Error {}

function originalOf(truth, name) {
  const kind = name === "transcript" ? "source" : "translated";
  return truth.parentElement.querySelector(`:scope > .${kind}`)?.textContent ?? "";
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]").value;
}
