// Ids of clicks that Postrider made, told from ids of other systems.

/** Crockford's base 32 has no i, l, o and u. */
const OWN_CLICK_ID = /^clk_[0-9a-hjkmnp-tv-z]{26}$/i;
const OWN_LENGTH = 30;

/**
 * A click id as it is stored. One of ours is always lower case, so capitals and blanks around it
 * came on its way; an id of another system may differ by them and stays as it is.
 */
export function storedClickId(id: string): string {
  if (id.length < OWN_LENGTH) return id;
  const text = id.trim();
  return text.length === OWN_LENGTH && OWN_CLICK_ID.test(text) ? text.toLowerCase() : id;
}
