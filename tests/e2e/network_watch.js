/**
 * What a page's connection says of its network: `networkWatch(ms)` looks at each frame that the main slot
 * shows and asks getStats four times a second. Injected into pages. Where `globalThis.viaProxy` is an address
 * and a port, the relay is reached there and nowhere else.
 */
(() => {
  if (self !== top) return;
  const Peer = globalThis.RTCPeerConnection;
  const peers = [];
  const LOOK = 250;

  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }

    setRemoteDescription({ type, sdp }) {
      if (!globalThis.viaProxy) return super.setRemoteDescription({ type, sdp });
      const lines = sdp
        .split('\r\n')
        .filter((line) => !/^a=candidate:\S+ \d+ tcp/i.test(line))
        .map((line) => line.replace(/^(a=candidate:\S+ \d+ udp \d+) \S+ \d+/i, `$1 ${viaProxy}`));
      return super.setRemoteDescription({ type, sdp: lines.join('\r\n') });
    }
  };

  const NUMBERS = [
    'packetsReceived',
    'bytesReceived',
    'headerBytesReceived',
    'packetsLost',
    'packetsDiscarded',
    'retransmittedPacketsReceived',
    'retransmittedBytesReceived',
    'nackCount',
    'pliCount',
    'framesReceived',
    'framesDecoded',
    'framesDropped',
    'keyFramesDecoded',
    'frameWidth',
    'frameHeight',
    'freezeCount',
    'totalFreezesDuration',
    'totalSamplesReceived',
    'concealedSamples',
    'silentConcealedSamples',
    'concealmentEvents',
    'totalAudioEnergy',
    'jitterBufferDelay',
    'jitterBufferEmittedCount',
    'fecPacketsReceived',
  ];

  /** Give what getStats says of the newest connection: the main picture, the first voice, and the way. */
  const look = async () => {
    const seen = { at: performance.now() };
    const peer = peers.findLast((one) => one.connectionState === 'connected');
    if (!peer) return seen;
    seen.marks = Number(/a=extmap:(\d+)\S* \S*transport-wide-cc/.exec(peer.remoteDescription.sdp)?.[1] ?? 0);
    const report = await peer.getStats();
    const mids = new Map(peer.getTransceivers().map((line) => [line.mid, line.receiver.track.kind]));
    const first = (kind) => [...mids].find(([, of]) => of === kind)?.[0];
    for (const stat of report.values()) {
      if (stat.type === 'inbound-rtp' && stat.mid === first(stat.kind)) {
        seen[stat.kind] = Object.fromEntries(NUMBERS.map((name) => [name, stat[name] ?? 0]));
        seen[stat.kind].codec = report.get(stat.codecId)?.mimeType;
        seen[stat.kind].ssrc = stat.ssrc;
        seen[stat.kind].rtxSsrc = stat.rtxSsrc;
      }
      if (stat.type === 'candidate-pair' && stat.nominated) seen.roundTrip = stat.currentRoundTripTime;
    }
    return seen;
  };

  const watch = async (ms) => {
    const video = document.querySelector('[data-slot=main] video');
    const [frames, ages, counters, looks] = [[], [], [], [await look()]];
    let unread = 0;
    const timer = setInterval(async () => looks.push(await look()), LOOK);
    await clockReader.eachFrame(video, ms, () => {
      const reading = clockReader.read(video);
      frames.push(performance.now());
      if (reading === null) unread++;
      else ages.push(reading.age), counters.push(reading.counter);
    });
    clearInterval(timer);
    looks.push(await look());
    frames.unshift(looks[0].at);
    frames.push(performance.now());
    return { frames, ages, counters, unread, looks };
  };

  Object.defineProperty(globalThis, 'networkWatch', { value: watch });
  Object.defineProperty(globalThis, 'networkLook', { value: look });
})();
