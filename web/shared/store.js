/**
 * A session as this page may see it. Owns the fold from what the server says to what the page shows;
 * the law: a fact is applied once and in the order of its number, whatever is sent twice. Pure: no
 * socket, no clock, and no state is ever changed in place.
 */

/** @import { Air, AnyEvent, AnyServerMessage, Cue, Events, Media, Person, Session, Timetable, Welcome } from './protocol.js' */
/** @import { Channel, ChatMessage, ChatMute, ChatRules, WordList } from './protocol.js' */
/** @import { Clock, Floor, Preflight, Return } from './protocol.js' */
/** @import { Announcement, Caption, Declaration, Moderation, Poll, PollTotal, Question, Reaction, Tick, YourBallot } from './protocol.js' */

/** Chat lines kept of each channel, as long as a page is open; the server's snapshot holds 200. */
export const CHAT_KEPT = 2000;

/** Lines of captions in sight at once, of one language. */
export const CAPTION_LINES = 2;

/** How long a line of captions stays in sight after it was last said. */
export const CAPTION_MS = 12_000;

/**
 * @typedef {object} State
 * @property {Person | null} you
 * @property {readonly string[]} can what this role may do
 * @property {number} epoch of the log; 0 before the first welcome
 * @property {number} seq the position reached in the log
 * @property {Session | null} session
 * @property {readonly Person[]} stage the first is the main picture
 * @property {Readonly<Record<string, number>>} since when people now on stage came on, where it was seen
 * @property {Air} air what goes out, beside who is on stage; its version is what a cut names as `seen`
 * @property {readonly Cue[]} cues of all speakers; empty where this role may not see them
 * @property {readonly string[]} order of speaking, as far as one was set; see `runningOrder`
 * @property {readonly Clock[]} clocks of speakers who were given time; see `timeLeft`
 * @property {readonly Person[]} crew who talks backstage beside the speakers who wait
 * @property {readonly Return[]} matrix what each role is sent back at each cue; empty for the public
 * @property {readonly Preflight[]} preflights the last of each speaker; one's own, and for staff all
 * @property {readonly Question[]} questions oldest first
 * @property {Moderation} moderation whether questions wait for a moderator
 * @property {Readonly<Record<string, number>>} votes how many are for a question, by its id; 0 where it has none
 * @property {readonly ChatMessage[]} chat of all channels, oldest first; a held one only staff and its author have
 * @property {readonly ChatMessage[]} pinned at most one in each channel
 * @property {ChatRules} chatRules
 * @property {number} slowFrom when slow mode was switched on, where this page saw it; what was said before does not count
 * @property {WordList | null} chatWords for staff
 * @property {readonly ChatMute[]} muted of all for staff, else one's own
 * @property {readonly Person[]} barred who was put out and is not let in again; for staff
 * @property {readonly Poll[]} polls oldest first; staff have drafts too
 * @property {Readonly<Record<string, PollTotal>>} results by the poll's id, as far as they may be seen; see `resultOf`
 * @property {{ votes: readonly string[], ballots: readonly YourBallot[] }} yours the questions you are for, your ballots
 * @property {{ count: number, latest: Readonly<Partial<Record<Reaction, number>>> }} reactions the newest tick's, and
 *   how many ticks with reactions there were, so that a page sees each once
 * @property {Readonly<Record<string, readonly Caption[]>>} captions the newest lines by language; see `captionsIn`
 * @property {Announcement | null} announcement what is pinned; see `pinnedFor`
 * @property {Declaration | null} declaration what organisations sign together; see `signsFor`
 * @property {{ online: number, hall: number, people: readonly Person[] | null, away?: readonly string[] }} presence `away`:
 *   whose hand is up though they have no connection; for staff
 * @property {{ known: boolean, relay: boolean, publications: readonly Media[], hallTo?: readonly Person[] }} media
 *   `hallTo`: who is sent the hall, as the hall alone is told
 * @property {Timetable | null} timetable when the session is expected, where a programme has it
 * @property {Floor} floor
 * @property {boolean} chatPaused
 */

/** @type {State} */
export const EMPTY = Object.freeze({
  you: null,
  can: [],
  epoch: 0,
  seq: 0,
  session: null,
  stage: [],
  since: {},
  air: { version: 0 },
  cues: [],
  order: [],
  clocks: [],
  crew: [],
  matrix: [],
  preflights: [],
  questions: [],
  moderation: 'pre',
  votes: {},
  polls: [],
  results: {},
  yours: { votes: [], ballots: [] },
  reactions: { count: 0, latest: {} },
  captions: {},
  announcement: null,
  declaration: null,
  chat: [],
  pinned: [],
  chatRules: { hold: false, slow: 0 },
  slowFrom: 0,
  chatWords: null,
  muted: [],
  barred: [],
  presence: { online: 0, hall: 0, people: null },
  media: { known: false, relay: true, publications: [] },
  timetable: null,
  floor: {
    open: false,
    ratio: { hall: 1, online: 1 },
    turns: { hall: 0, online: 0 },
    waiting: { hall: 0, online: 0 },
    line: [],
    next: null,
    called: null,
    speaking: null,
  },
  chatPaused: false,
});

/**
 * Take one message of the server into the state; messages that are not facts leave it as it is.
 *
 * @param {State} state
 * @param {AnyServerMessage} message
 * @returns {State}
 */
export function reduce(state, message) {
  switch (message.type) {
    case 'welcome':
      return welcomed(state, message);
    case 'events':
      return caughtUp(state, message);
    case 'presence':
      return {
        ...state,
        presence: { online: message.online, hall: message.hall, people: message.people ?? null, away: message.away ?? [] },
      };
    case 'media':
      return { ...state, media: { known: true, relay: message.relay, publications: message.publications, hallTo: message.hall_to ?? [] } };
    case 'tick':
      return counted(state, message);
    case 'timetable':
      return { ...state, timetable: message };
    case 'yours':
      return { ...state, yours: { votes: message.votes, ballots: message.ballots } };
    case 'floor':
      return { ...state, floor: message.floor };
    case 'notice':
      return { ...state, chatPaused: message.code === 'chat_paused' };
    default:
      return state;
  }
}

/**
 * @param {State} state
 * @param {Welcome} welcome
 * @returns {State}
 */
function welcomed(state, welcome) {
  // Sums and your own votes are said anew after every welcome, where there are any.
  const { you, can } = welcome;
  const known = { ...state, you, can, chatPaused: false, votes: {}, results: {}, yours: EMPTY.yours };
  if (!welcome.snapshot) return known;
  const { session, stage, questions, chat, air, cues, order, clocks, crew, matrix, preflights } = welcome.snapshot;
  const { moderation, polls, announcement, declaration = null, floor = EMPTY.floor } = welcome.snapshot;
  const { pinned = [], chat_rules: chatRules = EMPTY.chatRules, chat_words: chatWords = null, muted = [], barred = [] } = welcome.snapshot;
  const since = keep(state.since, (id) => stage.some((person) => person.id === id));
  const { epoch, seq } = welcome;
  const desk = { air, cues, order, clocks, crew, matrix, preflights };
  return { ...known, epoch, seq, session, stage, since, questions, moderation, polls, announcement, declaration, chat, floor, pinned, chatRules, chatWords, muted, barred, ...desk };
}

/**
 * @param {State} state
 * @param {Events} frame
 * @returns {State}
 */
function caughtUp(state, frame) {
  if (frame.epoch !== state.epoch) return state;
  let next = state;
  for (const event of frame.events) {
    if (event.seq > next.seq) next = { ...apply(next, event), seq: event.seq };
  }
  return frame.seq > next.seq ? { ...next, seq: frame.seq } : next;
}

/**
 * @param {State} state
 * @param {Tick} tick
 * @returns {State}
 */
function counted(state, tick) {
  const votes = Object.fromEntries((tick.votes ?? []).map((total) => [total.question, total.votes]));
  const results = Object.fromEntries((tick.polls ?? []).map((total) => [total.poll, total]));
  const { reactions = [] } = tick;
  const latest = Object.fromEntries(reactions.map(({ reaction, count }) => [reaction, count]));
  return {
    ...state,
    votes: { ...state.votes, ...votes },
    results: { ...state.results, ...results },
    reactions: reactions.length ? { count: state.reactions.count + 1, latest } : state.reactions,
    captions: (tick.captions ?? []).reduce(captioned, state.captions),
  };
}

/**
 * Take in a line of captions: one said again stands where it stood.
 *
 * @param {State['captions']} captions
 * @param {Caption} line
 * @returns {State['captions']}
 */
function captioned(captions, line) {
  const same = captions[line.language] ?? [];
  const known = same.some((other) => other.line === line.line);
  const lines = known ? same.map((other) => (other.line === line.line ? line : other)) : [...same, line];
  return { ...captions, [line.language]: lines.slice(-CAPTION_LINES) };
}

/**
 * Return the session after a step of its life.
 *
 * @param {Session} session
 * @param {AnyEvent} event
 * @returns {Session}
 */
function lived(session, event) {
  const { paused, resumes, ended, recording, ...rest } = session;
  switch (event.type) {
    case 'session.doors_opened':
      return { ...rest, status: 'doors' };
    case 'session.started':
      return { ...rest, status: 'live', started: event.at };
    case 'session.paused':
      return { ...rest, status: 'paused', paused: paused ?? event.at, ...(event.until ? { resumes: event.until } : {}) };
    case 'session.resumed':
      return { ...rest, status: 'live' };
    case 'session.ended':
      return { ...rest, status: 'ended', ended: event.at };
    case 'session.reopened':
      return rest.started ? { ...rest, status: 'paused', paused: event.at } : { ...rest, status: 'planned' };
    case 'session.replay_offered':
      return { ...rest, ended, status: 'replay', recording: event.recording };
    case 'session.replay_withdrawn':
      return { ...rest, ended, status: 'ended' };
    case 'session.described':
      return { ...session, title: event.title, programme: event.programme };
    default:
      return session;
  }
}

/**
 * @param {State} state
 * @param {AnyEvent} event
 * @returns {State}
 */
function apply(state, event) {
  switch (event.type) {
    case 'session.created':
      return { ...state, session: event.session };
    case 'session.doors_opened':
    case 'session.started':
    case 'session.paused':
    case 'session.resumed':
    case 'session.ended':
    case 'session.reopened':
    case 'session.replay_offered':
    case 'session.replay_withdrawn':
    case 'session.described':
      return { ...state, session: state.session && lived(state.session, event) };
    case 'chat.posted':
      return { ...state, chat: said(state.chat, event.message) };
    case 'chat.approved':
      return { ...state, chat: said(unsaid(state.chat, event.message.id), event.message) };
    case 'chat.deleted':
      return { ...state, chat: unsaid(state.chat, event.message), pinned: unsaid(state.pinned, event.message) };
    case 'chat.pinned': {
      const others = state.pinned.filter((line) => channelOf(line) !== channelOf(event.message));
      return { ...state, pinned: [...others, event.message] };
    }
    case 'chat.unpinned':
      return { ...state, pinned: unsaid(state.pinned, event.message) };
    case 'chat.rules_set':
      return { ...state, chatRules: event.rules, slowFrom: state.chatRules.slow ? state.slowFrom : event.at };
    case 'chat.words_set':
      return { ...state, chatWords: event.words };
    case 'chat.muted':
      return { ...state, muted: [...unmuted(state.muted, event.mute.person.id), event.mute] };
    case 'chat.unmuted':
      return { ...state, muted: unmuted(state.muted, event.person) };
    case 'person.ejected': {
      const { person, who } = event;
      const others = state.barred.filter(({ id }) => id !== person);
      const one = who ?? { id: person, name: person, role: /** @type {const} */ ('viewer') };
      return { ...state, barred: event.barred ? [...others, one] : others };
    }
    case 'person.readmitted':
      return { ...state, barred: state.barred.filter((person) => person.id !== event.person) };
    case 'question.asked':
    case 'question.approved':
    case 'question.unmerged':
      return { ...state, questions: upsert(state.questions, event.question) };
    case 'question.shown': {
      const { questions, ...rest } = cleared(state);
      return { ...state, ...rest, questions: move(questions, event.question, 'on_screen') };
    }
    case 'question.shortlisted':
    case 'question.hidden':
      return { ...state, questions: move(state.questions, event.question, 'shortlisted') };
    case 'question.answering':
      return { ...state, questions: move(state.questions, event.question, 'answering') };
    case 'question.answered':
      return { ...state, questions: move(state.questions, event.question, 'answered') };
    case 'question.dismissed':
      return { ...state, questions: move(state.questions, event.question, 'dismissed') };
    case 'question.withdrawn':
      return { ...state, questions: move(state.questions, event.question, 'withdrawn') };
    case 'question.merged': {
      const votes = keep(state.votes, (id) => id !== event.question);
      const { into } = event;
      return { ...state, votes, questions: changed(state.questions, event.question, () => ({ state: 'merged', merged_into: into })) };
    }
    case 'question.edited': {
      const { text } = event;
      const staff = state.can.includes('question.edit');
      return { ...state, questions: changed(state.questions, event.question, (q) => reworded(q, text, staff)) };
    }
    case 'question.noted': {
      const { note } = event;
      return { ...state, questions: changed(state.questions, event.question, (q) => ({ notes: [...(q.notes ?? []), note] })) };
    }
    case 'poll.drafted':
    case 'poll.opened':
      return { ...state, polls: upsert(state.polls, event.poll) };
    case 'poll.closed':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ state: 'closed', results: true })) };
    case 'poll.results':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ results: event.shown })) };
    case 'poll.shown': {
      const { polls, ...rest } = cleared(state);
      return { ...state, ...rest, polls: changed(polls, event.poll, () => ({ on_screen: true })) };
    }
    case 'poll.hidden':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ on_screen: false })) };
    case 'poll.deleted': {
      const results = keep(state.results, (id) => id !== event.poll);
      return { ...state, results, polls: state.polls.filter((poll) => poll.id !== event.poll) };
    }
    case 'announcement.pinned':
      return { ...state, announcement: event.announcement };
    case 'announcement.unpinned':
      return { ...state, announcement: null };
    case 'declaration.presented':
      return { ...state, declaration: event.declaration };
    case 'declaration.opened':
      return declared(state, () => ({ open: true }));
    case 'declaration.closed':
      return declared(state, () => ({ open: false }));
    case 'declaration.shown':
      return declared({ ...state, ...cleared(state) }, () => ({ on_screen: true }));
    case 'declaration.hidden':
      return declared(state, () => ({ on_screen: false }));
    case 'declaration.signed': {
      const { signature } = event;
      return declared(state, ({ signatures }) => ({ signatures: [...signatures, signature] }));
    }
    case 'declaration.struck': {
      const { organisation } = event;
      return declared(state, ({ signatures }) => ({ signatures: signatures.filter((one) => one.organisation !== organisation) }));
    }
    case 'questions.moderation':
      return { ...state, moderation: event.mode };
    case 'stage.brought_on': {
      const { person } = event;
      const others = state.stage.filter((p) => p.id !== person.id);
      const since = { ...state.since, [person.id]: state.since[person.id] ?? event.at };
      return { ...state, stage: [person, ...others], since, air: aired(state.air, event) };
    }
    case 'stage.taken_off':
      return {
        ...state,
        stage: state.stage.filter((p) => p.id !== event.person),
        since: keep(state.since, (id) => id !== event.person),
        air: aired(state.air, event),
      };
    case 'stage.muted':
    case 'stage.unmuted':
    case 'stage.slides_switched':
    case 'stage.slate_shown':
    case 'stage.slate_lifted':
      return { ...state, air: aired(state.air, event) };
    case 'cue.changed':
      return { ...state, cues: upsert(state.cues, event.cue) };
    case 'cue.dropped':
      return {
        ...state,
        cues: state.cues.filter((cue) => cue.id !== event.cue),
        clocks: state.clocks.filter((clock) => clock.speaker !== event.cue),
        preflights: state.preflights.filter((one) => one.speaker !== event.cue),
      };
    case 'cue.ordered':
      return { ...state, order: event.speakers };
    case 'clock.changed':
      return { ...state, clocks: upsertBy('speaker', state.clocks, event.clock) };
    case 'preflight.changed':
      return { ...state, preflights: upsertBy('speaker', state.preflights, event.preflight) };
    case 'backstage.entered':
      return { ...state, crew: upsert(state.crew, event.person) };
    case 'backstage.left':
      return { ...state, crew: state.crew.filter((person) => person.id !== event.person) };
    case 'backstage.return_set': {
      const { role, cue } = event.place;
      const others = state.matrix.filter((place) => place.role !== role || place.cue !== cue);
      return { ...state, matrix: [...others, event.place] };
    }
    default:
      return state;
  }
}

/**
 * Return what goes out after a cut; each is a new version of the stage.
 *
 * @param {Air} air
 * @param {AnyEvent} event
 * @returns {Air}
 */
function aired({ slate, ...rest }, event) {
  const muted = rest.muted ?? [];
  const before = { ...rest, ...(slate === undefined ? {} : { slate }), version: event.seq };
  switch (event.type) {
    case 'stage.muted':
      return { ...before, muted: [...muted, event.person] };
    case 'stage.unmuted':
    case 'stage.taken_off':
      return { ...before, muted: muted.filter((id) => id !== event.person) };
    case 'stage.slides_switched':
      return { ...before, slides: event.shown };
    case 'stage.slate_shown':
      return { ...before, slate: event.text };
    case 'stage.slate_lifted':
      return { ...rest, version: event.seq };
    default:
      return before;
  }
}

/**
 * Add a line; its channel loses the oldest if it has too many.
 *
 * @param {readonly ChatMessage[]} chat
 * @param {ChatMessage} line
 */
function said(chat, line) {
  const same = chat.filter((other) => channelOf(other) === channelOf(line));
  return [...(same.length < CHAT_KEPT ? chat : chat.filter((other) => other !== same[0])), line];
}

/**
 * @param {readonly ChatMessage[]} chat
 * @param {string} id
 */
const unsaid = (chat, id) => chat.filter((line) => line.id !== id);

/**
 * @param {readonly ChatMute[]} mutes
 * @param {string} person
 */
const unmuted = (mutes, person) => mutes.filter((mute) => mute.person.id !== person);

/**
 * @param {ChatMessage} line
 * @returns {Channel}
 */
export const channelOf = (line) => line.channel ?? 'public';

/**
 * @template {{ id: string }} T
 * @param {readonly T[]} list
 * @param {string} id
 * @param {(one: T) => Partial<T>} by
 * @returns {readonly T[]}
 */
const changed = (list, id, by) => list.map((one) => (one.id === id ? { ...one, ...by(one) } : one));

/**
 * @param {readonly Question[]} questions
 * @param {string} id
 * @param {Question['state']} to
 */
const move = (questions, id, to) => changed(questions, id, () => ({ state: to }));

/**
 * Change the declaration, if there is one.
 *
 * @param {State} state
 * @param {(one: Declaration) => Partial<Declaration>} by
 * @returns {State}
 */
const declared = (state, by) =>
  state.declaration ? { ...state, declaration: { ...state.declaration, ...by(state.declaration) } } : state;

/**
 * Take off the screen what is on it: a poll, the declaration, or a question, which goes back to the shortlist, or
 * among the answered if it was being answered.
 *
 * @param {State} state
 * @returns {Pick<State, 'questions' | 'polls' | 'declaration'>}
 */
const cleared = ({ questions, polls, declaration }) => ({
  declaration: declaration?.on_screen ? { ...declaration, on_screen: false } : declaration,
  questions: questions.map((q) =>
    isShown(q) ? { ...q, state: q.state === 'answering' ? 'answered' : 'shortlisted' } : q,
  ),
  polls: polls.map((poll) => (poll.on_screen ? { ...poll, on_screen: false } : poll)),
});

/**
 * Give a question other words; staff go on knowing the first ones.
 *
 * @param {Question} question
 * @param {string} text
 * @param {boolean} staff
 * @returns {Partial<Question>}
 */
function reworded(question, text, staff) {
  const first = question.original ?? question.text;
  return { text, original: staff && text !== first ? first : null };
}

/**
 * @template {string} K
 * @template {Record<K, unknown>} T
 * @param {K} key
 * @param {readonly T[]} list
 * @param {T} one
 * @returns {readonly T[]}
 */
const upsertBy = (key, list, one) =>
  list.some((other) => other[key] === one[key])
    ? list.map((other) => (other[key] === one[key] ? one : other))
    : [...list, one];

/**
 * @template {{ id: string }} T
 * @param {readonly T[]} list
 * @param {T} one
 */
const upsert = (list, one) => upsertBy('id', list, one);

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {(key: string) => boolean} wanted
 */
const keep = (record, wanted) => Object.fromEntries(Object.entries(record).filter(([key]) => wanted(key)));

/** Whether the hall reads this one now; it goes on reading it while it is being answered. @param {Question} question */
export const isShown = (question) => question.state === 'on_screen' || question.state === 'answering';
