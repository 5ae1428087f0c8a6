/** The pages a person can go to by name: the navigation, the palette and the shortcuts all read this list. */
import type { IconProps } from '@cloudscape-design/components/icon';
import type { TextKey } from '../i18n';

export interface PageEntry {
  path: string;
  text: TextKey;
  section: TextKey;
  icon: IconProps.Name;
  /** Second key after `g`. */
  shortcut: string;
  /** Words people look for that are not in the title; matched in both languages. */
  also: string;
}

export const PAGES: PageEntry[] = [
  { path: '/', text: 'nav.overview', section: 'nav.fleet', icon: 'gen-ai', shortcut: 'o', also: 'overview home dashboard 개요 홈 대시보드' },
  { path: '/nodes', text: 'nav.nodes', section: 'nav.fleet', icon: 'multiscreen', shortcut: 'n', also: 'nodes fleet servers 노드 machines instances 서버 장비 인스턴스' },
  { path: '/activations', text: 'nav.addNode', section: 'nav.fleet', icon: 'add-plus', shortcut: 'a', also: 'add a node enrol register 노드 추가 activation install agent 등록 활성화 에이전트 설치' },
  { path: '/run', text: 'nav.run', section: 'nav.operate', icon: 'play', shortcut: 'r', also: 'run a command send 명령 실행 script shell powershell 스크립트 셸 보내기' },
  { path: '/commands', text: 'nav.history', section: 'nav.operate', icon: 'history', shortcut: 'h', also: 'command history results 명령 기록 output 결과 출력' },
  { path: '/terminal', text: 'nav.terminal', section: 'nav.operate', icon: 'command-prompt', shortcut: 'x', also: 'terminal shell session ssh console 터미널 셸 세션 접속' },
  { path: '/sessions', text: 'nav.sessions', section: 'nav.operate', icon: 'group-active', shortcut: 'e', also: 'sessions recording replay audit 세션 녹화 재생 감사' },
  { path: '/documents', text: 'nav.documents', section: 'nav.operate', icon: 'file', shortcut: 'd', also: 'documents runbook ssm 문서 library 라이브러리' },
  { path: '/connections', text: 'nav.connections', section: 'nav.console', icon: 'share', shortcut: 'c', also: 'hub account aws region profile remote switch endpoint 허브 계정 리전 원격 전환 엔드포인트' },
  { path: '/settings', text: 'nav.settings', section: 'nav.console', icon: 'settings', shortcut: 's', also: 'settings theme dark 설정 language density notification 테마 다크 언어 밀도 알림' },
  { path: '/diagnostics', text: 'nav.diagnostics', section: 'nav.console', icon: 'bug', shortcut: 'l', also: 'diagnostics log crash error report help 로그 오류 진단 도움말' },
];
