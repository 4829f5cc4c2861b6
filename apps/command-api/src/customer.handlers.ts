import { ChangeProfile, LinkIdentifier, RegisterCustomer, UnlinkIdentifier } from '#libs/contracts';
import { handlerOf } from './handler';

export const customerHandlers = [
  handlerOf(RegisterCustomer, (body) => ({ name: 'customer', body })),
  handlerOf(ChangeProfile, (body) => ({ name: 'profile', body })),
  handlerOf(LinkIdentifier, (body) => ({ name: 'link', body })),
  handlerOf(UnlinkIdentifier, (body) => ({ name: 'unlink', body })),
];
