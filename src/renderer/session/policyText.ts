/** Splits the policy's text while it is still being written: reasoning so far, and the action if it has begun. */
export function splitPolicyText(text: string): {
  readonly reasoning: string;
  readonly action: string;
} {
  const think = /<think>([\s\S]*?)(?:<\/think>|$)/.exec(text);
  const action = /<action>([\s\S]*?)(?:<\/action>|$)/.exec(text);
  // A tag that has only half arrived ('</thi') is not shown as text.
  const withoutHalfTag = (part: string): string => part.replace(/<\/?[a-z]*$/, '');
  return {
    reasoning: withoutHalfTag(think?.[1] ?? '').trim(),
    action: withoutHalfTag(action?.[1] ?? '').trim(),
  };
}
