import { AnswerSurvey, ReceiveFeedback } from '#libs/contracts';
import { handlerOf } from './handler';

/** What customers think: survey answers and feedback. */
export const opinionHandlers = [
  handlerOf(AnswerSurvey, (body) => ({ name: 'survey-answer', body })),
  handlerOf(ReceiveFeedback, (body) => ({ name: 'feedback', body })),
];
