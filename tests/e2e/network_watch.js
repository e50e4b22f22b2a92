/**
 * What a page's connection says of its network: `networkWatch(ms)` looks at each frame that the main slot
 * shows and asks getStats four times a second; `networkSent()` tells what the page itself sends. Injected into
 * pages. Where `globalThis.viaProxy` is an address and a port, the relay is reached there and nowhere else.
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

  const SENT = [
    'packetsSent',
    'bytesSent',
    'headerBytesSent',
    'retransmittedPacketsSent',
    'retransmittedBytesSent',
    'nackCount',
    'pliCount',
    'frameWidth',
    'frameHeight',
  ];
  const REPORTED = ['packetsLost', 'fractionLost', 'roundTripTime', 'roundTripTimeMeasurements', 'jitter'];
  const only = (stat, names) => Object.fromEntries(names.map((name) => [name, stat?.[name] ?? 0]));

  /** Give what the newest connection that sends says of it, by kind and layer, and what it was reported. */
  const sent = async () => {
    const seen = { at: performance.now(), streams: {} };
    for (const peer of peers.filter((one) => one.connectionState === 'connected').reverse()) {
      const report = await peer.getStats();
      for (const stat of report.values()) {
        if (stat.type === 'candidate-pair' && stat.nominated) seen.roundTrip = stat.currentRoundTripTime;
        if (stat.type !== 'outbound-rtp' || !stat.packetsSent) continue;
        const reported = only(report.get(stat.remoteId), REPORTED);
        seen.streams[`${stat.kind} ${stat.rid ?? ''}`.trim()] = { ...only(stat, SENT), ...reported };
      }
      if (Object.keys(seen.streams).length > 0) break;
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
  Object.defineProperty(globalThis, 'networkSent', { value: sent });
})();
