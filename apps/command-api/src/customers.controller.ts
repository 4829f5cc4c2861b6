import { Controller, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  ChangeProfile,
  LinkIdentifier,
  ReceiptAnswer,
  RegisterCustomer,
  UnlinkIdentifier,
} from '#libs/contracts';
import { Policy } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { dispatch } from './dispatch';

@Controller('v1/customers')
@Policy('commands')
@ApiTags('commands')
@ApiHeader({ name: 'Idempotency-Key', required: false })
export class CustomersController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @ApiBody({ type: RegisterCustomer })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  register(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<ReceiptAnswer> {
    return dispatch(this.bus, RegisterCustomer, request, reply);
  }

  @Patch(':customerId')
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiBody({ type: ChangeProfile })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  change(
    @Param('customerId') customerId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, ChangeProfile, request, reply, { customerId });
  }

  @Post(':customerId/identifiers')
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiBody({ type: LinkIdentifier })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  link(
    @Param('customerId') customerId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, LinkIdentifier, request, reply, { customerId });
  }

  @Post(':customerId/identifiers/unlink')
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiBody({ type: UnlinkIdentifier })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  unlink(
    @Param('customerId') customerId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, UnlinkIdentifier, request, reply, { customerId });
  }
}
