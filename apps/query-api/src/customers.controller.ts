import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { MAX_QUERY_WORDS } from '#libs/core';
import type { JsonObject } from '#libs/core';
import {
  check,
  CustomerPage,
  CustomerPageQuery,
  CustomerProfile,
  CustomerQuery,
  CustomersQuery,
  LookupCustomer,
  Loyalty,
  LoyaltyComponent,
  PurchasePage,
  TimelinePage,
  TimelineQuery,
} from '#libs/contracts';
import { LOYALTY_TIERS } from '#libs/insight';
import { bodyOf, maskProfile, maskPurchase, maskTimelineEntry, Policy, ProblemError } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { wordsOf } from '#libs/projections';
import { Reader } from '#libs/runtime';
import { answer, answered, askedPage, knownCustomer, pageOf, queryOf, waitingOf } from './answering';

@Controller('v1/customers')
@Policy('customers')
@ApiTags('customers')
export class CustomerQueriesController {
  constructor(private readonly reader: Reader) {}

  @Post('lookup')
  @HttpCode(200)
  @ApiBody({ type: LookupCustomer })
  @ApiQuery({ type: CustomerQuery })
  @ApiOkResponse({ type: CustomerProfile })
  async lookup(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: ApiReply): Promise<JsonObject> {
    const { identifier } = bodyOf(check(LookupCustomer, request.body));
    const customerId = await this.reader.find(identifier);
    if (customerId === undefined) throw new ProblemError('customer-not-found', 'There is no such customer.');
    return this.#profile(customerId, request, reply);
  }

  /** Profiles of everybody, or of those that fit. */
  @Get()
  @ApiQuery({ type: CustomersQuery })
  @ApiOkResponse({ type: CustomerPage })
  async list(@Req() request: ApiRequest): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const { limit, cursor, ...filter } = queryOf(CustomersQuery, request);
    const masked = request.access === 'masked';
    checkWords(filter.q, masked);
    checkTier(filter.tier);
    const page = askedPage({ limit, cursor });
    const { items, next } = await answered(this.reader.customers(filter, page));
    return pageOf(masked ? items.map(maskProfile) : items, next);
  }

  @Get(':customerId')
  @ApiQuery({ type: CustomerQuery })
  @ApiOkResponse({ type: CustomerProfile })
  async profile(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<JsonObject> {
    return this.#profile(await knownCustomer(this.reader, id), request, reply);
  }

  @Get(':customerId/timeline')
  @ApiQuery({ type: TimelineQuery })
  @ApiOkResponse({ type: TimelinePage })
  async timeline(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const query = queryOf(TimelineQuery, request);
    const masked = request.access === 'masked';
    checkWords(query.q, masked);
    const customerId = await knownCustomer(this.reader, id);
    const { limit, cursor, ...filter } = query;
    const page = askedPage({ limit, cursor });
    const found = await answer(reply, this.reader.timeline(customerId, filter, page, waitingOf(query)));
    return pageOf(masked ? found.items.map(maskTimelineEntry) : found.items, found.next);
  }

  @Get(':customerId/purchases')
  @ApiQuery({ type: CustomerPageQuery })
  @ApiOkResponse({ type: PurchasePage })
  async purchases(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const query = queryOf(CustomerPageQuery, request);
    const customerId = await knownCustomer(this.reader, id);
    const page = askedPage(query);
    const found = await answer(reply, this.reader.purchases(customerId, page, waitingOf(query)));
    return pageOf(request.access === 'masked' ? found.items.map(maskPurchase) : found.items, found.next);
  }

  /** Every number that the score is made of, and the events behind it. */
  @Get(':customerId/loyalty')
  @ApiQuery({ type: CustomerQuery })
  @ApiExtraModels(LoyaltyComponent)
  @ApiOkResponse({ type: Loyalty })
  async loyalty(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<JsonObject> {
    const query = queryOf(CustomerQuery, request);
    const customerId = await knownCustomer(this.reader, id);
    return answer(reply, this.reader.loyalty(customerId, waitingOf(query)));
  }

  async #profile(customerId: string, request: ApiRequest, reply: ApiReply): Promise<JsonObject> {
    const query = queryOf(CustomerQuery, request);
    const profile = await answer(reply, this.reader.profile(customerId, waitingOf(query)));
    return request.access === 'masked' ? maskProfile(profile) : profile;
  }
}

/** One that is misspelt has no members, and would look like a tier without any. */
function checkTier(tier: string | undefined): void {
  if (tier === undefined || LOYALTY_TIERS.some((known) => known.tier === tier)) return;
  const tiers = LOYALTY_TIERS.map((known) => known.tier).join(', ');
  throw new ProblemError('invalid-query', `tier must be one of ${tiers}.`);
}

/** What is searched for must have words in it, and be what the key may read. */
function checkWords(q: string | undefined, masked: boolean): void {
  if (q === undefined) return;
  if (masked) throw new ProblemError('forbidden', 'This key may not search what it may not read.');
  const words = wordsOf(q).length;
  if (words === 0 || words > MAX_QUERY_WORDS) {
    throw new ProblemError('invalid-query', `q must hold 1 to ${MAX_QUERY_WORDS} words.`);
  }
}
