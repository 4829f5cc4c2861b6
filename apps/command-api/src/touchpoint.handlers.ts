import {
  AnnotateTouchpoint,
  CorrectTouchpoint,
  RecordTouchpoint,
  RedactTouchpoint,
  ReportStatus,
} from '#libs/contracts';
import { handlerOf } from './handler';

export const touchpointHandlers = [
  handlerOf(RecordTouchpoint, (body) => ({ name: 'touchpoint', body })),
  handlerOf(ReportStatus, (body) => ({ name: 'touchpoint-status', body })),
  handlerOf(CorrectTouchpoint, (body) => ({ name: 'touchpoint-correction', body })),
  handlerOf(RedactTouchpoint, (body) => ({ name: 'touchpoint-redaction', body })),
  handlerOf(AnnotateTouchpoint, (body) => ({ name: 'touchpoint-annotation', body })),
];
