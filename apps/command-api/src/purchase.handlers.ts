import { RecordPurchase, RefundPurchase } from '#libs/contracts';
import { handlerOf } from './handler';

export const purchaseHandlers = [
  handlerOf(RecordPurchase, (body) => ({ name: 'purchase', body })),
  handlerOf(RefundPurchase, (body) => ({ name: 'refund', body })),
];
