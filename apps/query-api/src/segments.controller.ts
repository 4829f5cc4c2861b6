import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { JsonObject } from '#libs/core';
import { PageQuery, Segment, SegmentMemberPage, SegmentMovePage, SegmentPage } from '#libs/contracts';
import { Policy, ProblemError, refuseQuery } from '#libs/nest';
import type { ApiRequest } from '#libs/nest';
import { Segments } from '#libs/runtime';
import type { SegmentInfo, SegmentPage as Page } from '#libs/runtime';
import { answered, askedPage, pageOf, queryOf } from './answering';

@Controller('v1/segments')
@ApiTags('segments')
export class SegmentsController {
  constructor(private readonly segments: Segments) {}

  /** Of the model that serves; none before one was activated. */
  @Get()
  @Policy('segments')
  @ApiOkResponse({ type: SegmentPage })
  async list(@Req() request: ApiRequest): Promise<{ items: readonly SegmentInfo[]; next: null }> {
    refuseQuery(request);
    return { items: await this.segments.list(), next: null };
  }

  @Get(':segmentId')
  @Policy('segments')
  @ApiOkResponse({ type: Segment })
  async one(@Param('segmentId') id: string, @Req() request: ApiRequest): Promise<SegmentInfo> {
    refuseQuery(request);
    return this.#known(id);
  }

  /** Who is in it, since when and why; the latest to come first. */
  @Get(':segmentId/members')
  @Policy('customers')
  @ApiQuery({ type: PageQuery })
  @ApiOkResponse({ type: SegmentMemberPage })
  members(
    @Param('segmentId') id: string,
    @Req() request: ApiRequest,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    return this.#page(id, request, (segmentId, page) => this.segments.members(segmentId, page));
  }

  /** Who came and went, the latest first: ids of customers and of events, and nothing else about anybody. */
  @Get(':segmentId/history')
  @Policy('segments')
  @ApiQuery({ type: PageQuery })
  @ApiOkResponse({ type: SegmentMovePage })
  history(
    @Param('segmentId') id: string,
    @Req() request: ApiRequest,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    return this.#page(id, request, (segmentId, page) => this.segments.history(segmentId, page));
  }

  async #page(
    id: string,
    request: ApiRequest,
    read: (segmentId: string, page: { limit: number; cursor?: string }) => Promise<Page>,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const page = askedPage(queryOf(PageQuery, request));
    const { segmentId } = await this.#known(id);
    const { items, next } = await answered(read(segmentId, page));
    return pageOf(items, next);
  }

  async #known(id: string): Promise<SegmentInfo> {
    const segment = await this.segments.find(id);
    if (segment === undefined) throw new ProblemError('segment-not-found', 'There is no such segment.');
    return segment;
  }
}
