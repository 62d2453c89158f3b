/** How the name of a whole session's file ends. On its own, so that the window has it without the schemas. */
export const SESSION_FILE_SUFFIX = '.ibis';
