import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { ContactsMetrics, ContactsQuery, SatisfactionMetrics, SatisfactionQuery } from '#libs/contracts';
import { Policy, ProblemError } from '#libs/nest';
import type { ApiRequest } from '#libs/nest';
import { Metrics, MetricsTooBroadError } from '#libs/runtime';
import type { ContactsMetrics as Contacts, SatisfactionMetrics as Satisfaction } from '#libs/runtime';
import { queryOf } from './answering';

/** Numbers about all customers together: nothing here leads to one of them. */
@Controller('v1/metrics')
@Policy('metrics')
@ApiTags('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('contacts')
  @ApiQuery({ type: ContactsQuery })
  @ApiOkResponse({ type: ContactsMetrics })
  contacts(@Req() request: ApiRequest): Promise<Contacts> {
    return answered(this.metrics.contacts(queryOf(ContactsQuery, request)));
  }

  @Get('satisfaction')
  @ApiQuery({ type: SatisfactionQuery })
  @ApiOkResponse({ type: SatisfactionMetrics })
  satisfaction(@Req() request: ApiRequest): Promise<Satisfaction> {
    return answered(this.metrics.satisfaction(queryOf(SatisfactionQuery, request)));
  }
}

async function answered<Body>(asking: Promise<Body>): Promise<Body> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof MetricsTooBroadError)) throw error;
    const detail = `This asks for ${error.message}; ask for a shorter time or for less in by.`;
    throw new ProblemError('query-too-broad', detail, { cause: error });
  }
}
