import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import { findVerdictInForce } from '../../domain/review.js';
import type { Review, Verdict, VerdictInForce } from '../../domain/review.js';
import { useSessionStore } from '../session/sessionStore.js';
import { parseFlag, parseText, usePersisted } from '../ui/persisted.js';

/** What reviewers said of the session in the panel, and what one is about to say. */
export const useReviewStore = defineStore('review', () => {
  const session = useSessionStore();
  const reviews = shallowRef<readonly Review[]>([]); // the earliest first
  const inForce = computed((): VerdictInForce => {
    const last = session.session?.steps.findLast((step) => !step.undone);
    return findVerdictInForce(reviews.value, last?.stepIndex ?? null);
  });
  return {
    reviews,
    inForce,
    /** Asked once; '' before. */
    reviewer: usePersisted('reviewer', parseText('')),
    /** The verdict that waits for the name of who gives it. */
    waiting: ref<Verdict | null>(null),
    comment: ref(''),
    /** Counts how often a verdict asked for a comment: the field takes the focus. */
    commentWanted: ref(0),
    problem: ref(''),
    shown: usePersisted('reviewShown', parseFlag(false)),
  };
});
