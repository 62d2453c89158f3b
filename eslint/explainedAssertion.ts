import { AST_NODE_TYPES, ESLintUtils } from '@typescript-eslint/utils';

/** An `as` overrules the compiler, so it carries its reason: a comment on its line or on the one above. */
export const explainedAssertion = ESLintUtils.RuleCreator.withoutDocs({
  meta: {
    type: 'problem',
    messages: {
      explain: 'Say in a comment on this line, or the one above, why this `as` is true.',
    },
    schema: [],
    defaultOptions: [],
  },
  create(context) {
    const commentedLines = new Set<number>();
    for (const { loc } of context.sourceCode.getAllComments())
      for (let line = loc.start.line; line <= loc.end.line; line += 1) commentedLines.add(line);

    return {
      TSAsExpression(node) {
        const type = node.typeAnnotation;
        const isConst =
          type.type === AST_NODE_TYPES.TSTypeReference &&
          type.typeName.type === AST_NODE_TYPES.Identifier &&
          type.typeName.name === 'const';
        // Widening to unknown overrules nothing.
        if (isConst || type.type === AST_NODE_TYPES.TSUnknownKeyword) return;
        for (let line = node.loc.start.line - 1; line <= node.loc.end.line; line += 1)
          if (commentedLines.has(line)) return;
        context.report({ node, messageId: 'explain' });
      },
    };
  },
});
