import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import { ReceiptAnswer, RecordPurchase, RefundPurchase } from '#libs/contracts';
import { Policy } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { dispatch } from './dispatch';

@Controller('v1/purchases')
@Policy('commands')
@ApiTags('commands')
@ApiHeader({ name: 'Idempotency-Key', required: false })
@ApiHeader({ name: 'If-Match', required: false })
export class PurchasesController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @ApiBody({ type: RecordPurchase })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  record(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<ReceiptAnswer> {
    return dispatch(this.bus, RecordPurchase, request, reply);
  }

  @Post(':orderId/refund')
  @ApiBody({ type: RefundPurchase })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  refund(
    @Param('orderId') orderId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, RefundPurchase, request, reply, { orderId });
  }
}
