/**
 * What pages ask of a session's state: who is on air, what the hall reads, whose turn it is. Pure, and the only
 * place where such a question is answered, so that two pages never disagree.
 */

/** @import { Channel, ChatMessage, Clock, Cue, Declaration, Hand, Media, Person, Poll, Question, ReturnFeed, Session } from './protocol.js' */
/** @import { State } from './store.js' */

import { CAPTION_MS, channelOf, isShown } from './store.js';

/**
 * @param {State} state
 * @param {Channel} channel
 */
export const chatIn = (state, channel) => state.chat.filter((line) => channelOf(line) === channel);

/**
 * Return the line that is kept in sight in a channel.
 *
 * @param {State} state
 * @param {Channel} channel
 */
export const pinnedIn = (state, channel) => state.pinned.find((line) => channelOf(line) === channel) ?? null;

/**
 * Return what a line replies to, if this page has it.
 *
 * @param {State} state
 * @param {ChatMessage} line
 */
export const repliedTo = (state, line) => state.chat.find((other) => other.id === line.reply_to) ?? null;

/**
 * Return until when one may not post (ms by the server's clock), 0 if nobody has muted one.
 *
 * @param {State} state
 */
export const mutedUntil = (state) => state.muted.find((mute) => mute.person.id === state.you?.id)?.until ?? 0;

/**
 * Say whether what one asks at the server's time `at` waits for a moderator before others read it.
 *
 * @param {State} state
 * @param {number} at
 */
export const asksFirst = (state, at) => state.moderation === 'pre' || mutedUntil(state) > at;

/**
 * Return when slow mode lets one post to everybody again (ms by the server's clock), 0 where it keeps nobody.
 *
 * @param {State} state
 */
export function slowUntil(state) {
  const { slow } = state.chatRules;
  // Staff are exempt; they alone may take others' lines away.
  if (!slow || state.can.includes('chat.delete')) return 0;
  const counts = (/** @type {ChatMessage} */ line) => line.at >= state.slowFrom && channelOf(line) === 'public';
  const own = state.chat.filter((line) => line.author.id === state.you?.id && counts(line));
  return own.length ? Math.max(...own.map((line) => line.at)) + slow * 1000 : 0;
}

/**
 * Say whether one may post in a channel.
 *
 * @param {State} state
 * @param {Channel} channel
 */
export const maySay = (state, channel) =>
  state.can.includes(channel === 'public' ? 'chat.post' : `chat.post:${channel}`);

/**
 * Return somebody's hand, if it is up and among those told.
 *
 * @param {State} state
 * @param {string | undefined} person whose; by default one's own
 * @returns {Hand | null}
 */
export function handOf(state, person = state.you?.id) {
  const { speaking, called, line } = state.floor;
  return [speaking, called, ...line].find((hand) => hand?.person.id === person) ?? null;
}

/**
 * Return one's own place among those who wait: 1 is next; 0 if one does not wait, or far behind.
 *
 * @param {State} state
 */
export const placeInLine = (state) => state.floor.line.findIndex((hand) => hand.person.id === state.you?.id) + 1;

/**
 * Say whether this page may publish its microphone as `floor` now.
 *
 * @param {State} state
 */
export function mayPublishToFloor(state) {
  const hand = handOf(state);
  return !!hand && !!hand.state && hand.state !== 'waiting' && hand.person.place !== 'hall';
}

/**
 * @param {State} state
 * @returns {Question | undefined} the one the hall reads now
 */
export const onScreen = (state) => state.questions.find(isShown);

/** @param {State} state @param {string} question */
export const votesFor = (state, question) => state.votes[question] ?? 0;

/** Whether you are for it. @param {State} state @param {string} question */
export const votedFor = (state, question) => state.yours.votes.includes(question);

/** Whether a vote counts: everybody sees the question, and it is not answered yet. @param {Question} question */
export const isOpen = (question) => ['approved', 'shortlisted', 'on_screen', 'answering'].includes(question.state);

/** The poll on the hall's screen. @param {State} state */
export const pollOnScreen = (state) => state.polls.find((poll) => poll.on_screen);

/** The declaration, while the hall reads it. @param {State} state */
export const declarationOnScreen = ({ declaration }) => (declaration?.on_screen ? declaration : undefined);

/** @param {Declaration} declaration @param {string} organisation */
export const signatureOf = ({ signatures }, organisation) => signatures.find((one) => one.organisation === organisation);

/** Write an organisation as it is compared: case and spaces do not matter. @param {string} name */
const organisationKey = (name) => name.trim().split(/\s+/).join(' ').toUpperCase().toLowerCase();

/**
 * Return the organisation that you may sign for, as the declaration writes it; `undefined`: you were invited for none.
 *
 * @param {State} state
 * @returns {string | undefined}
 */
export function signsFor({ declaration, you, can }) {
  const own = organisationKey(you?.affiliation ?? '');
  if (!declaration || !own || !can.includes('declaration.sign')) return undefined;
  return declaration.organisations.find((one) => organisationKey(one) === own);
}

/**
 * Return the last line between the hall's desk and staff, if it is from that side and so waits for the other one.
 *
 * @param {State} state
 * @param {'hall' | 'staff'} side
 * @returns {ChatMessage | undefined}
 */
export function lastFrom(state, side) {
  const last = chatIn(state, 'hall').at(-1);
  return last && (last.author.role === 'hall') === (side === 'hall') ? last : undefined;
}

/**
 * Return the newest note to oneself alone, as long as one has not answered it.
 *
 * @param {State} state
 * @returns {ChatMessage | undefined}
 */
export function noteToYou({ chat, you }) {
  const note = chat.filter((line) => line.to && line.to.id === you?.id).at(-1);
  return chat.some((line) => line.author.id === you?.id && line.reply_to === note?.id) ? undefined : note;
}

/**
 * Say how a poll stands, as far as you may know; nobody has voted until a tick says so.
 *
 * @param {State} state
 * @param {Poll} poll
 * @returns {{ voters: number, counts: readonly number[] | null }} no counts while results are hidden
 */
export function resultOf(state, poll) {
  const { voters, counts } = state.results[poll.id] ?? { voters: 0, counts: poll.options.map(() => 0) };
  return { voters, counts: poll.results || state.can.includes('poll.results') ? counts : null };
}

/** What you have chosen, numbers of options. @param {State} state @param {string} poll */
export const ballotIn = (state, poll) => state.yours.ballots.find((ballot) => ballot.poll === poll)?.choices ?? [];

/**
 * Return the lines of captions in a language that are to be seen at the server's time `at`.
 *
 * @param {State} state
 * @param {string} language
 * @param {number} at
 */
export const captionsIn = (state, language, at) =>
  state.session?.status === 'live' ? (state.captions[language] ?? []).filter((line) => at - line.at < CAPTION_MS) : [];

/**
 * Say what is pinned for those who sit in a place.
 *
 * @param {State} state
 * @param {'online' | 'hall'} place
 */
export const pinnedFor = ({ announcement }, place) =>
  announcement && (announcement.place === null || announcement.place === place) ? announcement : null;

/**
 * Sort questions as the room wants them: most votes first, then oldest first.
 *
 * @param {State} state
 * @param {readonly Question[]} questions
 */
export const byVotes = (state, questions) =>
  [...questions].sort((a, b) => votesFor(state, b.id) - votesFor(state, a.id) || a.at - b.at);

/**
 * @param {State} state
 * @param {Question['state']} is
 */
export const questionsThat = (state, is) => state.questions.filter((q) => q.state === is);

/**
 * Say what somebody publishes now, as the relay sees it.
 *
 * @param {State} state
 * @param {string} participant
 * @param {Media['source']} source
 */
export const publication = (state, participant, source) =>
  state.media.publications.find((p) => p.participant === participant && p.source === source);

/**
 * Say whether a session is over: nothing changes in it any more, though it may be seen again.
 *
 * @param {Session['status'] | undefined} status
 */
export const isOver = (status) => status === 'ended' || status === 'replay';

/**
 * Return the words of the slate that stands in place of the stage, `null` where none does.
 *
 * @param {State} state
 * @returns {string | null}
 */
export const slate = (state) => (state.session?.status === 'live' ? (state.air.slate ?? null) : null);

/**
 * Return who is on stage as the audience has it: nobody before the session is live, in a pause, or
 * behind a slate.
 *
 * @param {State} state
 * @returns {ReadonlyArray<Person>}
 */
export const onAir = (state) => (state.session?.status === 'live' && slate(state) === null ? state.stage : []);

/**
 * Return the people on stage, first the one who is seen: the first from whom a picture comes, as the relay chooses it
 * (stream/routing/stage.py). One that came and is gone stands while no other does; while nobody can tell, the order is
 * the stage's.
 *
 * @param {State} state
 * @param {ReadonlyArray<Person>} [stage] who is on it, by default as the audience has it
 * @returns {ReadonlyArray<Person>}
 */
export function seenFirst(state, stage = onAir(state)) {
  const pictures = state.media.known && state.media.relay ? state.media.publications.filter(showsPerson) : [];
  const sends = (/** @type {readonly Media[]} */ some) => stage.find(({ id }) => some.some((one) => one.participant === id));
  const seen = sends(pictures.filter((one) => one.picture)) ?? sends(pictures);
  return seen ? [seen, ...stage.filter((person) => person !== seen)] : stage;
}

/** Whether it has a person's picture. Who came on stage from the floor sends it there. @param {Media} one */
const showsPerson = ({ source, video }) => video && (source === 'camera' || source === 'floor');

/**
 * Return all cues in the order of speaking: as set, then as billed, then as they were added.
 *
 * @param {State} state
 * @returns {readonly Cue[]}
 */
export function runningOrder(state) {
  const billed = (state.session?.programme?.speakers ?? []).map(({ id }) => id);
  // Who is billed has a cue before the log names them; one that is no longer billed never had another.
  const known = new Map(state.cues.filter((cue) => cue.steps || cue.person).map((cue) => [cue.id, cue]));
  const all = new Set([...billed, ...known.keys()]);
  const ids = new Set([...state.order.filter((id) => all.has(id)), ...all]);
  const at = state.session?.created ?? 0;
  return [...ids].map((id) => known.get(id) ?? { id, state: 'invited', at, by: 'system' });
}

/**
 * Return whose turn it is next: the first who is neither on air nor done, nor put out as far as that is known here.
 *
 * @param {State} state
 */
export const nextSpeaker = (state) =>
  runningOrder(state).find(
    (cue) => cue.state !== 'on_air' && cue.state !== 'cleared' && !state.barred.some(({ id }) => id === cue.person?.id),
  );

/**
 * Return somebody's cue, by the speaker's id or the participant's.
 *
 * @param {State} state
 * @param {string} id
 */
export const cueOf = (state, id) =>
  state.cues.find((cue) => cue.person?.id === id) ?? runningOrder(state).find((cue) => cue.id === id);

/**
 * Return the milliseconds that a speaker has left at the server's time `at`; below zero, so much over.
 *
 * @param {Clock} clock
 * @param {number} at
 */
export const timeLeft = ({ allotted, spent = 0, started }, at) =>
  allotted - spent - (started === undefined || started === null ? 0 : Math.max(0, at - started));

/**
 * Return a speaker's clock, by the speaker's id or the participant's.
 *
 * @param {State} state
 * @param {string} id
 */
export const clockOf = (state, id) => state.clocks.find((clock) => clock.speaker === (cueOf(state, id)?.id ?? id));

/**
 * Return a speaker's last pre-flight, by the speaker's id or the participant's; one without a grade runs.
 *
 * @param {State} state
 * @param {string} id
 */
export const preflightOf = (state, id) =>
  state.preflights.find((one) => one.speaker === (cueOf(state, id)?.id ?? id)) ??
  state.preflights.find((one) => one.speaker === id);

/**
 * Return what this page's person is sent back now, by role and cue.
 *
 * @param {State} state
 * @returns {ReturnFeed}
 */
export function returnFeed(state) {
  const { you } = state;
  const cue = you ? state.cues.find((one) => one.person?.id === you.id) : undefined;
  return state.matrix.find((place) => place.role === you?.role && place.cue === (cue?.state ?? 'none'))?.feed ?? 'off';
}

/**
 * Return who is heard backstage: speakers who wait there, then the crew, and nobody on stage.
 *
 * @param {State} state
 * @returns {readonly Person[]}
 */
export function backstage(state) {
  const waiting = state.cues.filter((cue) => cue.state === 'backstage' || cue.state === 'standby');
  const people = [...waiting.flatMap((cue) => (cue.person ? [cue.person] : [])), ...state.crew];
  const onStage = new Set(state.stage.map((person) => person.id));
  return people.filter((one, i) => !onStage.has(one.id) && people.findIndex((p) => p.id === one.id) === i);
}

/**
 * Say whether somebody on stage is gone: nothing of them arrives any more. They stay on stage, and are
 * seen again as soon as they are back. `null` while nobody can tell.
 *
 * @param {State} state
 * @param {string} participant
 * @returns {boolean | null}
 */
export function gone(state, participant) {
  if (!state.media.known || !state.media.relay) return null;
  return !state.media.publications.some((p) => p.participant === participant && p.live);
}

/**
 * Say whether anybody on stage sends a picture of this kind: `null` while nobody can tell.
 *
 * @param {State} state
 * @param {'camera' | 'slides'} source
 * @returns {boolean | null}
 */
export function pictureOnStage(state, source) {
  if (!state.media.known || !state.media.relay) return null;
  return onAir(state).some((person) => {
    if (source === 'slides' && state.air.slides === false) return false;
    const found = publication(state, person.id, source);
    return !!found && found.live && found.video;
  });
}

/**
 * Say whether media should be arriving: `null` while nobody can tell.
 *
 * @param {State} state
 * @returns {boolean | null}
 */
export function mediaOnStage(state) {
  if (!state.media.known || !state.media.relay) return null;
  return onAir(state).some((person) => state.media.publications.some((p) => p.participant === person.id && p.live));
}
