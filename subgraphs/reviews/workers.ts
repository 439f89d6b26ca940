import { refreshKindMeans, sweepRatings, tellRating } from './service/rating.ts';

export const workers = [tellRating, sweepRatings, refreshKindMeans];
