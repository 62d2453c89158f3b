import { call } from '../ui/client.js';
import { useSessionStore } from './sessionStore.js';

/** While a hand is on the image, a run waits: its next mask would come under the drawing. */
const hand = { isDown: false };

function tell(isDrawing: boolean): void {
  const { session } = useSessionStore();
  if (session?.runState === 'running')
    void call('holdRun', { sessionId: session.sessionId, isDrawing });
}

/** The hand has come down on the image to draw, or has let go without an act. */
export function holdRun(isDrawing: boolean): void {
  hand.isDown = isDrawing;
  tell(isDrawing);
}

/** What was drawn is an act now, which holds the run itself; where it was refused, the run is let go. */
export async function holdWhileActing(act: () => Promise<void>): Promise<void> {
  hand.isDown = false;
  const isDown = (): boolean => hand.isDown;
  await act();
  if (!isDown()) tell(false); // the hand may be down again
}
