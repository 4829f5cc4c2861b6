import { Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import { AnswerSurvey, ReceiptAnswer, ReceiveFeedback } from '#libs/contracts';
import { Policy } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { dispatch } from './dispatch';

/** What customers think: survey answers and feedback. */
@Controller('v1')
@Policy('commands')
@ApiTags('commands')
@ApiHeader({ name: 'Idempotency-Key', required: false })
@ApiHeader({ name: 'If-Match', required: false })
export class OpinionsController {
  constructor(private readonly bus: CommandBus) {}

  @Post('survey-answers')
  @ApiBody({ type: AnswerSurvey })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  answer(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<ReceiptAnswer> {
    return dispatch(this.bus, AnswerSurvey, request, reply);
  }

  @Post('feedback')
  @ApiBody({ type: ReceiveFeedback })
  @ApiCreatedResponse({ type: ReceiptAnswer })
  feedback(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<ReceiptAnswer> {
    return dispatch(this.bus, ReceiveFeedback, request, reply);
  }
}
