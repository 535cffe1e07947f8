// From the microphone to the server: one life of start, listen, stop, and of what breaks meanwhile.
//
// States: idle -> starting -> listening -> stopping -> idle. A lost connection changes nothing where the uplink holds what
// is said. Where it does not, it leads from listening back to starting; the next one begins a new stream, since a decoder
// needs a stream's header.

import { Meter } from "./meter.js";
import { Microphone } from "./microphone.js";
import { ProblemError } from "./problems.js";
import { prepareRecorder } from "./sources.js";
import { WakeLock } from "./wakelock.js";

const MOST_WAITING_BYTES = 64 * 1024; // in the socket: 16 s of Opus, 2 s of PCM
const STOPPED_SECONDS = 40; // the server translates what it has; after this nobody is kept from starting anew
const CONDITIONS = ["silent", "quiet", "unmeasured"]; // of a microphone, as the meter finds them
const SOLVED_BY_LISTENING = ["mic_denied", "mic_missing", "mic_busy", "mic_failed", "mic_lost", "no_audio", "stopped"];

// Says "state" ({state}), "level" ({level}), "problem" ({code, values}) and "solved" ({code}).
export class Listening extends EventTarget {
  state = "idle";
  isKept = true; // its sound may be recorded; asked of the server with each stream
  #uplink;
  #choice;
  #meter;
  #wakeLock = new WakeLock();
  #microphone = null;
  #recorder = null;
  #source = null; // what it gives, as the uplink knows it
  #isWanted = false;
  #isCongested = false;
  #isSilenced = false;
  #deafSince = 0;
  #overdue = 0;
  #owed = 0; // answers to stops that nobody waited for any longer

  // `choice()` names how the sound is sent: auto or pcm.
  constructor(uplink, choice) {
    super();
    this.#uplink = uplink;
    this.#choice = choice;
    this.#meter = new Meter({
      onLevel: (level) => this.#tell("level", { level }),
      onCondition: (condition) => this.#reportCondition(condition),
    });
  }

  get isOn() {
    return this.#isWanted;
  }

  async start() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    if (this.state === "stopping") return; // begins when the server has finished the last stream
    await this.#open();
  }

  async stop() {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#become("stopping");
    const wasSending = this.#recorder !== null;
    await this.#endStream();
    this.#release();
    if (!wasSending || !this.#uplink.isReady) this.#finish(); // without the answer, which comes later or never
  }

  // Another microphone was chosen, or how it is listened to.
  async reopen() {
    if (!this.#isWanted) return;
    await this.stop();
    await this.start();
  }

  // Words came of what was said.
  noteWords() {
    this.#meter.noteWords();
  }

  // The server is there (again): a new stream begins if somebody is listening.
  async resume() {
    if (!this.#canBegin()) return;
    try {
      await this.#beginStream();
    } catch (error) {
      this.#giveUp(error);
    }
  }

  // Ends the stream and begins another, since something else is asked of the server. A blink of sound is lost.
  async renew() {
    const source = this.#source;
    if (this.state !== "listening" || !this.#recorder || this.#isCongested) return;
    const recorder = this.#recorder;
    this.#recorder = null;
    await recorder.stop();
    if (this.#source !== source) return; // it was given up meanwhile
    this.#uplink.end(source);
    if (!this.#uplink.isHolding) this.#owed++;
    await this.resume();
  }

  // The connection is gone, and what was recorded for it is of no use.
  interrupt() {
    this.#dropRecorder();
    this.#isCongested = false;
    this.#owed = 0;
    if (this.state === "stopping") this.#finish();
    if (this.state !== "listening") return;
    this.#deafSince = performance.now();
    this.#become("starting");
  }

  // The server has ended a stream: because we asked, because it restarts, or for a reason of its own. `isUnasked` and
  // `isLast` are what the uplink knows of it, where it holds what is said.
  async streamEnded(isGoingAway, { isUnasked, isLast } = {}) {
    if (this.#uplink.isHolding) return void (await this.#heldStreamEnded(isUnasked, isLast));
    if (this.#owed) return void this.#owed--; // not of the stream that began since
    clearTimeout(this.#overdue);
    if (this.state === "stopping") await this.#finish();
    else if (isGoingAway) this.interrupt();
    else if (this.#isCongested) await this.#decongest();
    else if (this.state === "listening") this.#giveUp(new ProblemError("stopped"));
  }

  // The connection is gone, and what is said is held: whoever waited for the server's last word need not.
  detach() {
    if (this.state === "stopping" && !this.#recorder) this.#finish();
  }

  async #heldStreamEnded(isUnasked, isLast) {
    if (isUnasked && this.state === "listening") this.#giveUp(new ProblemError("stopped"));
    else if (isLast && this.state === "stopping") await this.#finish();
  }

  // The server did not begin to listen, and has said why.
  refuse() {
    this.#end();
  }

  // While the page itself is heard, what the microphone gives is declared silence; no sample of it is missing.
  silence(isSilenced) {
    this.#isSilenced = isSilenced;
    this.#recorder?.silence(isSilenced);
    this.#meter.ignore(isSilenced);
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #report(isWrong, code, values = {}) {
    this.#tell(isWrong ? "problem" : "solved", { code, values });
  }

  #reportCondition(condition) {
    CONDITIONS.forEach((one) => this.#report(one === condition && !this.#microphone?.isMuted, `mic_${one}`));
  }

  #become(state) {
    this.state = state;
    this.#tell("state", { state });
  }

  async #open() {
    this.#become("starting");
    try {
      const microphone = await Microphone.open();
      const isLate = !this.#isWanted || this.#microphone; // stopped while the browser was asking
      if (isLate) return void microphone.close();
      this.#attach(microphone);
    } catch (error) {
      return void this.#giveUp(error);
    }
    await this.resume();
  }

  #attach(microphone) {
    this.#microphone = microphone;
    microphone.addEventListener("muted", () => this.#report(true, "mic_muted"));
    microphone.addEventListener("unmuted", () => this.#report(false, "mic_muted"));
    microphone.addEventListener("lost", () => this.#loseMicrophone());
    this.#report(microphone.isMuted, "mic_muted");
    this.#report(microphone.isOther, "mic_other", { name: microphone.name });
    this.#meter.attach(microphone.stream);
    this.#wakeLock.hold();
  }

  async #beginStream() {
    const recorder = await prepareRecorder(this.#microphone.stream, this.#choice(), (chunk) => this.#send(chunk));
    if (!this.#canBegin()) return void recorder.abandon(); // things changed while it was prepared
    recorder.silence(this.#isSilenced);
    this.#recorder = recorder;
    this.#source = this.#uplink.begin(this.isKept ? recorder.fields : { ...recorder.fields, record: false });
    recorder.start();
    recorder.ended.then(() => this.#recorder === recorder && !this.#isCongested && this.stop());
    this.#become("listening");
    SOLVED_BY_LISTENING.forEach((code) => this.#report(false, code));
    this.#sayWhatWasMissed();
  }

  #canBegin() {
    return this.#isWanted && this.#microphone && !this.#recorder && (this.#uplink.isReady || this.#uplink.isHolding);
  }

  #sayWhatWasMissed() {
    const seconds = Math.round((performance.now() - this.#deafSince) / 1000);
    if (this.#deafSince && seconds) this.#report(true, "unheard", { seconds });
    this.#deafSince = 0;
  }

  #send(chunk) {
    if (this.#isCongested) return;
    const isSlow = !this.#uplink.isHolding && this.#uplink.backlogBytes >= MOST_WAITING_BYTES;
    if (isSlow) this.#congest();
    else this.#uplink.sound(this.#source, chunk);
  }

  // A hole in a compressed stream breaks it: so the stream ends here, and a new one follows.
  #congest() {
    this.#isCongested = true;
    this.#recorder.abandon();
    this.#uplink.end(this.#source);
    this.#deafSince = performance.now();
    this.#report(true, "slow_network");
  }

  async #decongest() {
    this.#isCongested = false;
    this.#recorder = null;
    this.#report(false, "slow_network");
    await this.resume();
  }

  async #endStream() {
    const recorder = this.#recorder;
    const wasCongested = this.#isCongested;
    await recorder?.stop();
    this.#recorder = null;
    this.#isCongested = false;
    if (!recorder) return;
    if (!wasCongested) this.#uplink.end(this.#source);
    this.#source = null;
    if (this.state === "stopping") this.#overdue = setTimeout(() => this.#waitNoLonger(), STOPPED_SECONDS * 1000);
  }

  #waitNoLonger() {
    if (!this.#uplink.isHolding) this.#owed++;
    this.#finish();
  }

  #release() {
    this.#meter.detach();
    this.#microphone?.close();
    this.#microphone = null;
    this.#deafSince = 0;
    this.#wakeLock.release();
    ["mic_muted", "mic_other", "slow_network", "unheard"].forEach((code) => this.#report(false, code));
  }

  async #finish() {
    clearTimeout(this.#overdue);
    if (this.state !== "stopping") return;
    this.#become("idle");
    if (this.#isWanted) await this.#open();
  }

  #loseMicrophone() {
    this.#report(true, "mic_lost");
    this.stop();
  }

  #end() {
    this.#isWanted = false;
    this.#isCongested = false;
    this.#dropRecorder();
    this.#release();
    this.#become("idle");
  }

  #dropRecorder() {
    this.#recorder?.abandon();
    this.#recorder = null;
    this.#source = null;
  }

  #giveUp(error) {
    this.#end();
    if (!(error instanceof ProblemError)) throw error;
    this.#report(true, error.code, error.values);
  }
}
