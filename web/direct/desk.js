/**
 * The producer's desk: what is in the preview, what a button or a key does, what is told. Owns the two pictures,
 * the cuts and the alarms' memory; draws nothing. The law: every cut names the stage that its producer has seen,
 * so that of two desks one wins and the other is told; a change younger than an eye's blink has not been seen.
 */

/** @import { Intent, Outcome } from '../shared/connection.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Alarm } from './alarms.js' */
/** @import { Row, Step } from './run.js' */

import { Intercom } from '../shared/intercom.js';
import { Viewer } from '../shared/media/whep.js';
import { joinStage, onRelayBack } from '../shared/stage.js';
import { isOver, publication } from '../shared/selectors.js';
import { listed, refusal, say, words } from '../shared/words.js';
import { computed, effect, signal, untracked } from '../vendor/signals.js';
import { conditions, news, raised } from './alarms.js';
import { Lines } from './lines.js';
import { previewed, runOfShow } from './run.js';

const { direct } = words;

/** A change of the stage that is younger than this, in milliseconds, no producer has seen when they cut. */
const UNSEEN_MS = 300;

/** How long a key stays armed, and how long it is told that something is back. */
const ARMED_MS = 2500;
const BACK_MS = 6000;

/** The hall, as something to look at in the preview. */
export const HALL = 'hall';

/** A cut without its id, and without what was seen. @typedef {Extract<Intent, { type: `stage.${string}` }>} StageIntent */

/** @typedef {'take' | 'handover' | 'slate' | 'mute' | 'slides' | 'off'} Cut */

export class Desk {
  /** Whom the producer has picked, a row's id or the hall; null: whoever is next. */
  picked = signal(/** @type {string | null} */ (null));
  /** What was refused, and why. */
  said = signal('');
  /** A cut that a key has armed: the same key again does it. */
  armed = signal(/** @type {Cut | null} */ (null));
  /** Whether a cut is under way: a second click is meant for what was there before. */
  cutting = signal(false);
  /** @type {import('../vendor/signals.js').Signal<readonly Alarm[]>} */
  alarms = signal([]);
  /** Alarms that were put aside, while they last. @type {import('../vendor/signals.js').Signal<ReadonlySet<string>>} */
  aside = signal(new Set());
  /** What is told once, to who looks and to who listens. */
  told = signal({ text: '', good: false });

  /** The version of the stage that was seen; null before any. @type {number | null} */ #seen = null;
  #own = 0;
  #disarm = 0;
  #hush = 0;

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
    this.version = computed(() => session.state.value.air.version ?? 0);
    this.run = computed(() => runOfShow(session.state.value));
    this.rows = computed(() => [...this.run.value.run, ...this.run.value.others]);
    this.subject = computed(() => (this.picked.value === HALL ? null : previewed(this.rows.value, this.picked.value)));
    this.programme = joinStage(session);
    this.programme.muted.value = true;
    this.preview = this.#joinPreview();
    this.intercom = new Intercom(session);
    this.lines = new Lines({
      session: session.id,
      token: session.token,
      wanted: () => this.#watched(),
    });
    effect(() => this.#saw(this.version.value));
    effect(() => this.#look());
  }

  get state() {
    return this.session.state.value;
  }

  /** Whether this desk may give a command. @param {string} type */
  may(type) {
    return this.state.can.includes(type) && !this.over;
  }

  /** Whether the session is over. Its stage stays as it was: an end by mistake can be taken back. */
  get over() {
    return isOver(this.state.session?.status);
  }

  // -- what is done ----------------------------------------------------------------------------------

  /**
   * Give a command, and tell what became of it where it was refused.
   *
   * @param {Intent} intent
   * @returns {Promise<boolean>}
   */
  async give(intent) {
    this.said.value = '';
    const outcome = await this.session.command(intent);
    if (!outcome.ok) this.said.value = lost(outcome) ?? refusal(outcome);
    return outcome.ok;
  }

  /**
   * Cut: on the stage that was seen, and one at a time.
   *
   * @param {StageIntent} intent
   */
  async cut(intent) {
    if (this.cutting.value) return false;
    this.cutting.value = true;
    this.armed.value = null;
    this.said.value = '';
    const outcome = await this.session.command({ ...intent, seen: this.#seen });
    if (outcome.ok) this.#made(outcome.seq);
    else {
      this.said.value = lost(outcome) ?? refusal(outcome);
      if (outcome.now) this.#seen = outcome.now.air.version ?? 0;
    }
    this.cutting.value = false;
    return outcome.ok;
  }

  /** Bring on who is in the preview, beside who is on stage. */
  async take() {
    const row = this.subject.value;
    if (!row?.person) return;
    if (await this.cut({ type: 'stage.bring_on', participant: row.person.id })) this.picked.value = null;
  }

  /** Bring on who is in the preview in the main picture's place, in one cut. */
  async handOver(row = this.subject.value) {
    if (!row?.person || !(await this.#known(row))) return;
    if (await this.cut({ type: 'stage.hand_over', to: row.cue?.id ?? row.person.id })) this.picked.value = null;
  }

  /** Take somebody off, the main picture unless told otherwise. @param {string} [participant] */
  async takeOff(participant = this.state.stage[0]?.id) {
    if (participant) await this.cut({ type: 'stage.take_off', participant });
  }

  /** Show a slate with these words, or lift the one there. @param {string} [text] */
  async slate(text) {
    if (text !== undefined) await this.cut({ type: 'stage.slate', text });
    else if (typeof this.state.air.slate === 'string') await this.cut({ type: 'stage.lift_slate' });
    else await this.cut({ type: 'stage.slate', text: direct.slates.back });
  }

  /** Mute somebody on stage, or let them be heard. @param {string} [participant] the main picture by default */
  async mute(participant = this.state.stage[0]?.id) {
    if (!participant) return;
    const muted = (this.state.air.muted ?? []).includes(participant);
    await this.cut({ type: muted ? 'stage.unmute' : 'stage.mute', participant });
  }

  async slides() {
    await this.cut({ type: this.state.air.slides === false ? 'stage.show_slides' : 'stage.hide_slides' });
  }

  /**
   * Have a speaker take a step.
   *
   * @param {Row} row
   * @param {Step} step
   */
  async step(row, step) {
    if (step === 'invite') {
      if (row.person) await this.give({ type: 'cue.invite', participant: row.person.id });
      return;
    }
    if (step !== 'clear' && !(await this.#known(row))) return;
    const speaker = row.id;
    if (step === 'measure') await this.give({ type: 'preflight.start', speaker, seconds: 15 });
    else await this.give({ type: `cue.${step}`, speaker });
  }

  /**
   * Have the server know who a billed speaker is, where we do and it does not yet.
   *
   * @param {Row} row
   */
  async #known(row) {
    if (!row.cue || row.cue.person || !row.person) return true;
    return this.give({ type: 'cue.bind', speaker: row.cue.id, participant: row.person.id });
  }

  /**
   * Write to one of those backstage; no other of them reads it.
   *
   * @param {string} participant
   * @param {string} text
   */
  write(participant, text) {
    return this.give({ type: 'chat.post', channel: 'backstage', text, to: participant });
  }

  // -- keys ------------------------------------------------------------------------------------------

  /**
   * Do a cut that a key asks for: once arms it, twice does it, so that no elbow cuts.
   *
   * @param {Cut} cut
   */
  press(cut) {
    clearTimeout(this.#disarm);
    if (this.armed.value !== cut) {
      this.armed.value = cut;
      this.#disarm = setTimeout(() => (this.armed.value = null), ARMED_MS);
      return;
    }
    this.armed.value = null;
    void this.act(cut);
  }

  /** @param {Cut} cut */
  act(cut) {
    switch (cut) {
      case 'take':
        return this.take();
      case 'handover':
        return this.handOver();
      case 'slate':
        return this.slate();
      case 'mute':
        return this.mute();
      case 'slides':
        return this.slides();
      case 'off':
        return this.takeOff();
    }
  }

  disarm() {
    clearTimeout(this.#disarm);
    this.armed.value = null;
  }

  // -- what is seen ----------------------------------------------------------------------------------

  /** Take in a version of the stage: our own at once, another desk's when an eye can have seen it. @param {number} version */
  #saw(version) {
    if (version === this.#own || this.#seen === null) this.#seen = version;
    // What is still so then is what was seen: in another epoch of the log, versions may be lower.
    else setTimeout(() => this.version.peek() === version && (this.#seen = version), UNSEEN_MS);
  }

  /** @param {number} version of our own cut */
  #made(version) {
    this.#own = version;
    if (this.version.peek() === version) this.#seen = version;
  }

  /** Look for alarms: at every change, and each second. */
  #look() {
    const seen = {
      now: this.session.now.value,
      run: this.run.value.run,
      lines: this.lines.known.value,
      connected: this.session.status.value.phase === 'open',
    };
    const state = this.session.state.value;
    untracked(() => {
      if (!state.you) return;
      const before = this.alarms.value;
      const after = raised(before, conditions(state, seen), seen.now);
      const { come, gone } = news(before, after);
      const [worst] = come;
      const [best] = gone;
      if (worst) this.#tell(say(direct.alarms[worst.kind], { name: worst.name }), false);
      else if (best) this.#tell(say(direct.back[/** @type {keyof typeof direct.back} */ (best.kind)], { name: best.name }), true);
      const keys = new Set(after.map((alarm) => alarm.key));
      this.aside.value = new Set([...this.aside.value].filter((key) => keys.has(key)));
      this.alarms.value = after;
    });
  }

  /** @param {string} text @param {boolean} good */
  #tell(text, good) {
    clearTimeout(this.#hush);
    this.told.value = { text, good };
    if (good) this.#hush = setTimeout(() => (this.told.value = { text: '', good: false }), BACK_MS);
  }

  /** Put an alarm aside for as long as it lasts. @param {string} key */
  noted(key) {
    this.aside.value = new Set([...this.aside.value, key]);
  }

  /** Whose lines are asked about: those on stage, those about to be, and who is in the preview. */
  #watched() {
    const { stage, media, can } = this.session.state.peek();
    if (!media.relay || !can.includes('stage.bring_on')) return [];
    const waiting = this.run.peek().run.filter((row) => row.cue?.state === 'standby');
    const ids = [...stage.map((p) => p.id), ...[...waiting, this.subject.peek()].map((row) => row?.person?.id ?? '')];
    const sends = (/** @type {string} */ id) => publication(this.session.state.peek(), id, 'camera');
    return [...new Set(ids)].filter((id) => id && sends(id)).slice(0, 12);
  }

  /** Join one person's own picture, another one's as soon as another is in the preview. */
  #joinPreview() {
    const { session } = this;
    const whose = computed(() => {
      if (!this.may('stage.bring_on')) return null;
      return this.picked.value === HALL ? HALL : (this.subject.value?.person?.id ?? null);
    });
    const arrives = (/** @type {'camera' | 'slides'} */ source) => {
      const { media } = session.state.value;
      if (!media.known || !media.relay) return null;
      const id = whose.value;
      return media.publications.some(
        (p) => p.participant === id && p.live && p.video && (p.source === source || (p.source === 'hall' && source === 'camera')),
      );
    };
    const url = (/** @type {string} */ id) => `/whep/${session.id}/solo:${id}?wait=1`;
    const viewer = new Viewer({
      url: url(HALL),
      token: session.token,
      flowing: () => {
        const { media } = session.state.value;
        return media.known && media.relay ? media.publications.some((p) => p.participant === whose.value && p.live) : null;
      },
      expect: (slot) => ({ wanted: whose.value !== null, sent: arrives(slot === 'main' ? 'camera' : 'slides') }),
    });
    viewer.muted.value = true;
    effect(() => {
      const id = whose.value;
      untracked(() => {
        // Stopped in between: nobody's picture may stand under another one's name.
        viewer.stop();
        if (id === null) return;
        viewer.play(url(id));
        viewer.start();
      });
    });
    onRelayBack(session, () => viewer.resource.suspect());
    return viewer;
  }
}

/**
 * Say that somebody else was quicker, and what stands now.
 *
 * @param {Outcome} outcome
 * @returns {string | null} null where it was refused for another reason
 */
function lost(outcome) {
  if (outcome.ok || outcome.code !== 'stage_changed' || !outcome.now) return null;
  const { people, air } = outcome.now;
  const names = people.length ? listed(people.map((person) => person.name)) : direct.nobody;
  const slate = typeof air.slate === 'string' ? say(direct.lostSlate, { text: air.slate || direct.slateBlank }) : '';
  return `${say(direct.lost, { names })}${slate}`;
}
