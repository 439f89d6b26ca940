import type { Category } from './catalogue.ts';
import type { FeedEvent } from './feed/hub.ts';
import type { Head, Notice } from './store/rows.ts';

export type NotificationMapper = Notice;
export type NotificationCategoryMapper = Category;
/** A person's head holds their counts. */
export type NotificationCountsMapper = Head;
export type NotificationEventMapper = FeedEvent;
