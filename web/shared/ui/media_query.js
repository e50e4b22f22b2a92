/** Whether a style's own query holds now: where a page is built otherwise on a phone, not only laid out so. */

import { useEffect, useState } from '../../vendor/preact-hooks.js';

/** @param {MediaQueryList} query */
export function useMedia(query) {
  const [holds, set] = useState(query.matches);
  useEffect(() => {
    const look = () => set(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, [query]);
  return holds;
}
