// From the microphone to the server: one life of start, listen, stop, and of what breaks meanwhile.
//
// States: idle -> starting -> listening -> stopping -> idle. A lost connection leads from listening
// back to starting; the next one begins a new stream, since a decoder needs a stream's header.

import { Meter } from "./meter.js";
import { Microphone } from "./microphone.js";
import { ProblemError } from "./problems.js";
import { prepareRecorder } from "./sources.js";
import { WakeLock } from "./wakelock.js";

const MOST_WAITING_BYTES = 64 * 1024; // in the socket: 16 s of Opus, 2 s of PCM
const STOPPED_SECONDS = 40; // the server translates what it has; after this nobody is kept from starting anew
const SOLVED_BY_LISTENING = ["mic_denied", "mic_missing", "mic_busy", "mic_failed", "mic_lost", "stopped"];

// Says "state" ({state}), "level" ({level}), "problem" ({code, values}) and "solved" ({code}).
export class Listening extends EventTarget {
  state = "idle";
  #connection;
  #choice;
  #meter;
  #wakeLock = new WakeLock();
  #microphone = null;
  #recorder = null;
  #isWanted = false;
  #isCongested = false;
  #deafSince = 0;
  #overdue = 0;
  #owed = 0; // answers to stops that nobody waited for any longer

  // `choice()` names how the sound is sent: auto or pcm.
  constructor(connection, choice) {
    super();
    this.#connection = connection;
    this.#choice = choice;
    this.#meter = new Meter({
      onLevel: (level) => this.#tell("level", { level }),
      onSilence: (isSilent) => this.#report(isSilent && !this.#microphone?.isMuted, "mic_silent"),
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
    if (!wasSending || !this.#connection.isReady) this.#finish();
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

  // The connection is gone: what was recorded for it is of no use.
  interrupt() {
    this.#recorder?.abandon();
    this.#recorder = null;
    this.#isCongested = false;
    this.#owed = 0;
    if (this.state === "stopping") this.#finish();
    if (this.state !== "listening") return;
    this.#deafSince = performance.now();
    this.#become("starting");
  }

  // The server has ended a stream: because we asked, because it restarts, or for a reason of its own.
  async streamEnded(isGoingAway) {
    if (this.#owed) return void this.#owed--; // not of the stream that began since
    clearTimeout(this.#overdue);
    if (this.state === "stopping") await this.#finish();
    else if (isGoingAway) this.interrupt();
    else if (this.#isCongested) await this.#decongest();
    else if (this.state === "listening") this.#giveUp(new ProblemError("stopped"));
  }

  // The server did not begin to listen, and has said why.
  refuse() {
    this.#end();
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #report(isWrong, code, values = {}) {
    this.#tell(isWrong ? "problem" : "solved", { code, values });
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
    this.#meter.attach(microphone.stream);
    this.#wakeLock.hold();
  }

  async #beginStream() {
    const recorder = await prepareRecorder(this.#microphone.stream, this.#choice(), (chunk) => this.#send(chunk));
    if (!this.#canBegin()) return void recorder.abandon(); // things changed while it was prepared
    this.#recorder = recorder;
    this.#connection.send({ type: "start_listening", ...recorder.fields });
    recorder.start();
    recorder.ended.then(() => this.#recorder === recorder && !this.#isCongested && this.stop());
    this.#become("listening");
    SOLVED_BY_LISTENING.forEach((code) => this.#report(false, code));
    this.#sayWhatWasMissed();
  }

  #canBegin() {
    return this.#isWanted && this.#microphone && !this.#recorder && this.#connection.isReady;
  }

  #sayWhatWasMissed() {
    const seconds = Math.round((performance.now() - this.#deafSince) / 1000);
    if (this.#deafSince && seconds) this.#report(true, "unheard", { seconds });
    this.#deafSince = 0;
  }

  #send(chunk) {
    if (this.#isCongested) return;
    if (this.#connection.backlogBytes < MOST_WAITING_BYTES) this.#connection.sendSound(chunk);
    else this.#congest();
  }

  // A hole in a compressed stream breaks it: so the stream ends here, and a new one follows.
  #congest() {
    this.#isCongested = true;
    this.#recorder.abandon();
    this.#connection.send({ type: "stop_listening" });
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
    if (!wasCongested) this.#connection.send({ type: "stop_listening" });
    if (this.state === "stopping") this.#overdue = setTimeout(() => this.#waitNoLonger(), STOPPED_SECONDS * 1000);
  }

  #waitNoLonger() {
    this.#owed++;
    this.#finish();
  }

  #release() {
    this.#meter.detach();
    this.#microphone?.close();
    this.#microphone = null;
    this.#deafSince = 0;
    this.#wakeLock.release();
    ["mic_muted", "slow_network", "unheard"].forEach((code) => this.#report(false, code));
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
    this.#recorder?.abandon();
    this.#recorder = null;
    this.#release();
    this.#become("idle");
  }

  #giveUp(error) {
    this.#end();
    if (!(error instanceof ProblemError)) throw error;
    this.#report(true, error.code, error.values);
  }
}
