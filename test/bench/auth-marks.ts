/** By what an edge built as AUTH_EDGE knows that a request is the bench's. */

/** In place of a token: nobody is asked, once somebody was let in with a real one. */
export const OPEN_WORD = "open";

/** End of a token whose document is never remembered, so that each request looks it up. */
export const FORGOTTEN_UNTIL = Date.UTC(2100, 0, 1);
