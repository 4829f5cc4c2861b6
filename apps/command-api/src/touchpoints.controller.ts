import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  AnnotateTouchpoint,
  CorrectTouchpoint,
  ReceiptAnswer,
  RecordTouchpoint,
  RedactTouchpoint,
  ReportStatus,
} from '#libs/contracts';
import { Policy } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { dispatch } from './dispatch';

@Controller('v1/touchpoints')
@Policy('commands')
@ApiTags('commands')
@ApiHeader({ name: 'Idempotency-Key', required: false })
@ApiHeader({ name: 'If-Match', required: false })
export class TouchpointsController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @ApiBody({ type: RecordTouchpoint })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  record(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<ReceiptAnswer> {
    return dispatch(this.bus, RecordTouchpoint, request, reply);
  }

  @Post(':eventId/status')
  @ApiBody({ type: ReportStatus })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  status(
    @Param('eventId') eventId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, ReportStatus, request, reply, { eventId });
  }

  @Post(':eventId/correction')
  @ApiBody({ type: CorrectTouchpoint })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  correct(
    @Param('eventId') eventId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, CorrectTouchpoint, request, reply, { eventId });
  }

  @Post(':eventId/redaction')
  @ApiBody({ type: RedactTouchpoint })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  redact(
    @Param('eventId') eventId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, RedactTouchpoint, request, reply, { eventId });
  }

  @Post(':eventId/annotation')
  @ApiBody({ type: AnnotateTouchpoint })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  annotate(
    @Param('eventId') eventId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<ReceiptAnswer> {
    return dispatch(this.bus, AnnotateTouchpoint, request, reply, { eventId });
  }
}
